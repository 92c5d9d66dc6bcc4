import { hash as digest } from 'node:crypto';

import { exitCodes } from '../core/kernel/errors.ts';
import { type GuardId, hash, type Hash, type Position, type RunId } from '../core/kernel/ids.ts';
import { JournalRefused } from './errors.ts';
import {
  type ChainFault,
  type Entry,
  isOwnStream,
  type OpaqueEvent,
  type RunHead,
  type RunSummary,
} from './journal.ts';

/** An entry before a store has given it a position. */
export interface Sealed {
  readonly run: RunId;
  readonly seq: number;
  /** The guard that wrote it; absent for a store's own entries. */
  readonly guard?: GuardId | undefined;
  /** The event as canonical JSON, the text that the hash covers. */
  readonly event: string;
  readonly prev: Hash;
  readonly hash: Hash;
}
/** An entry as every store keeps it. */
export interface Link extends Sealed {
  readonly position: Position;
}

/** `prev` of a run's first entry. */
export const genesis: Hash = hash(`sha256:${'0'.repeat(64)}`);

/** The head of a run before its first entry. */
export const start = (run: RunId): RunHead => ({ run, seq: 0, hash: genesis });

/**
 * `sha256:` and the hexadecimal SHA-256 of the UTF-8 text `canonical({ event, guard, prev, run, seq })`; the argument `event`
 * already is canonical JSON. Each entry contains the hash of the one before it, so changing, dropping or inserting an entry
 * changes every later hash. The hash does not cover the position, which belongs to the store.
 */
export function chainHash({ run, seq, guard, event, prev }: Omit<Sealed, 'hash'>): Hash {
  const by = guard === undefined ? '' : `"guard":${JSON.stringify(guard)},`;
  const text = `{"event":${event},${by}"prev":${JSON.stringify(prev)},"run":${JSON.stringify(run)},"seq":${seq}}`;
  return hash(`sha256:${digest('sha256', text)}`);
}

/** The entry that follows `head`. */
export function seal(head: RunHead, guard: GuardId | undefined, event: string): Sealed {
  const link = { run: head.run, seq: head.seq + 1, event, prev: head.hash, ...(guard !== undefined && { guard }) };
  return { ...link, hash: chainHash(link) };
}

const sayGuard = (guard: GuardId | undefined): string => (guard === undefined ? 'no guard' : `guard ${guard}`);

/** What is wrong with `link` as the successor of `last`; undefined if it is sound. */
export function faultIn(last: RunHead, link: Sealed): ChainFault | undefined {
  const { run } = link;
  const seq = last.seq + 1;
  if (link.seq !== seq) return { run, seq, found: `entry ${link.seq} after entry ${last.seq}`, wanted: `entry ${seq}` };
  if (link.prev !== last.hash) {
    return { run, seq, found: `an entry that follows ${link.prev}`, wanted: `one that follows ${last.hash}` };
  }
  if (last.seq > 0 && !isOwnStream(run) && link.guard !== last.guard)
    return { run, seq, found: `an entry of ${sayGuard(link.guard)}`, wanted: `one of ${sayGuard(last.guard)}` };
  const actual = chainHash(link);
  if (link.hash === actual) return undefined;
  return { run, seq, found: `contents with the hash ${actual}`, wanted: `${link.hash}, as recorded` };
}

/** Whether the run ends where its head says. The chain alone cannot show this: without its last entries it is still sound. */
export function faultAtEnd(last: RunHead, head: RunHead | undefined): ChainFault | undefined {
  const { run } = last;
  if (head === undefined) return { run, seq: last.seq, found: 'no head for this run', wanted: `one at ${last.seq}` };
  if (last.seq !== head.seq) {
    const seq = Math.min(last.seq, head.seq) + 1;
    return { run, seq, found: `a last entry ${last.seq}`, wanted: `${head.seq}, as the run's head says` };
  }
  if (last.hash === head.hash && (isOwnStream(run) || last.guard === head.guard)) return undefined;
  if (last.hash === head.hash)
    return {
      run,
      seq: last.seq,
      found: `entries of ${sayGuard(last.guard)}`,
      wanted: `${sayGuard(head.guard)}, as the run's head says`,
    };
  return { run, seq: last.seq, found: `a last hash ${last.hash}`, wanted: `${head.hash}, as the run's head says` };
}

/** The entry as callers see it. */
export function entryOf<Event extends OpaqueEvent>({ event: text, ...link }: Link): Entry<Event> {
  const { run, seq } = link;
  try {
    const event: Event = JSON.parse(text);
    return { ...link, event };
  } catch (cause) {
    throw new JournalRefused(
      { found: `entry ${seq} of run ${run} is not JSON`, wanted: 'a sound journal', todo: 'Verify the journal' },
      exitCodes.failed,
      { cause },
    );
  }
}

function eventIn(text: string | undefined): OpaqueEvent | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // may belong to a finished run, so it stops no guard
  }
}

/** The run as callers see it. A store keeps its first and last event as JSON. */
export const summaryOf = ({
  first,
  last,
  ...head
}: RunHead & { readonly first?: string; readonly last?: string }): RunSummary => ({
  ...head,
  first: eventIn(first),
  last: eventIn(last),
});
