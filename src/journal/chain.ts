import { hash as digest } from 'node:crypto';

import { exitCodes } from '../core/kernel/errors.ts';
import { hash, type Hash, type RunId } from '../core/kernel/ids.ts';
import { JournalRefused } from './errors.ts';
import type { ChainFault, Entry, OpaqueEvent, RunHead } from './journal.ts';

/** An entry as every store keeps it: its event in canonical JSON, which is the text that the hash covers. */
export interface Link {
  readonly run: RunId;
  readonly seq: number;
  readonly event: string;
  readonly prev: Hash;
  readonly hash: Hash;
}

/** `prev` of a run's first entry. */
export const genesis: Hash = hash(`sha256:${'0'.repeat(64)}`);

/** Where a run stands before its first entry. */
export const start = (run: RunId): RunHead => ({ run, seq: 0, hash: genesis });

/**
 * `sha256:` and the hexadecimal SHA-256 of the UTF-8 text `canonical({ event, prev, run, seq })`; `event` comes as its
 * canonical JSON already. Each entry names the hash of the one before it, so no entry can be changed, dropped or put in
 * between without changing every later one.
 */
export function chainHash({ run, seq, event, prev }: Omit<Link, 'hash'>): Hash {
  const text = `{"event":${event},"prev":${JSON.stringify(prev)},"run":${JSON.stringify(run)},"seq":${seq}}`;
  return hash(`sha256:${digest('sha256', text)}`);
}

/** The entry that follows `head`. */
export function seal(head: RunHead, event: string): Link {
  const link = { run: head.run, seq: head.seq + 1, event, prev: head.hash };
  return { ...link, hash: chainHash(link) };
}

/** What is wrong with `link` as the one that follows `last`; undefined when it is sound. */
export function faultIn(last: RunHead, link: Link): ChainFault | undefined {
  const { run } = link;
  const seq = last.seq + 1;
  if (link.seq !== seq) return { run, seq, found: `entry ${link.seq} after entry ${last.seq}`, wanted: `entry ${seq}` };
  if (link.prev !== last.hash) {
    return { run, seq, found: `an entry that follows ${link.prev}`, wanted: `one that follows ${last.hash}` };
  }
  const actual = chainHash(link);
  if (link.hash === actual) return undefined;
  return { run, seq, found: `contents with the hash ${actual}`, wanted: `${link.hash}, as recorded` };
}

/** Whether the run ends where its head says: entries cut off at the end leave a chain that is sound in itself. */
export function faultAtEnd(last: RunHead, head: RunHead | undefined): ChainFault | undefined {
  const { run } = last;
  if (head === undefined) return { run, seq: last.seq, found: 'no head for this run', wanted: `one at ${last.seq}` };
  if (last.seq !== head.seq) {
    const seq = Math.min(last.seq, head.seq) + 1;
    return { run, seq, found: `a last entry ${last.seq}`, wanted: `${head.seq}, as the run's head says` };
  }
  if (last.hash === head.hash) return undefined;
  return { run, seq: last.seq, found: `a last hash ${last.hash}`, wanted: `${head.hash}, as the run's head says` };
}

/** The entry as callers see it. */
export function entryOf<Event extends OpaqueEvent>({ run, seq, event: text, prev, hash }: Link): Entry<Event> {
  try {
    const event: Event = JSON.parse(text);
    return { run, seq, event, prev, hash };
  } catch (cause) {
    throw new JournalRefused(
      { found: `entry ${seq} of run ${run} is not JSON`, wanted: 'a sound journal', todo: 'Verify the journal' },
      exitCodes.failed,
      { cause },
    );
  }
}
