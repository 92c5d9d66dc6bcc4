import type { DatabaseSync } from 'node:sqlite';

import { runId, type RunId } from '../../core/kernel/ids.ts';
import { faultAtEnd, faultIn, start } from '../hash-chain.ts';
import { type ChainFault, type ChainReport, isOwnStream, type RunHead } from '../journal.ts';
import { readEntries, readHead } from './entries.ts';

/** The next run by name, whether it has entries, a head, or both. */
export function runAfter(db: DatabaseSync, run: string): RunId | undefined {
  const row = db
    .prepare(`select min(run) as run from (select min(run) as run from entries where run > :run
      union all select min(run) from heads where run > :run)`)
    .get({ run });
  return typeof row?.run === 'string' ? runId(row.run) : undefined;
}

interface Walked {
  readonly sound: number;
  readonly fault?: ChainFault | undefined;
}

/** Walks one chain, `batch` entries at a time. */
function* walk(db: DatabaseSync, run: RunId, batch: number): Generator<undefined, Walked> {
  let last: RunHead = start(run);
  for (;;) {
    const links = readEntries(db, run, last.seq, batch);
    for (const link of links) {
      const fault = faultIn(last, link);
      if (fault) return { sound: last.seq, fault };
      last = link;
    }
    if (links.length < batch) return { sound: last.seq, fault: faultAtEnd(last, readHead(db, run)) };
    yield;
  }
}

/** Recomputes one chain without a break. */
export function verifyRun(db: DatabaseSync, run: RunId, batch = 1_000): Walked {
  const walking = walk(db, run, batch);
  for (;;) {
    const { done, value } = walking.next();
    if (done === true) return value;
  }
}

/**
 * Recomputes every chain of one snapshot, with `breathe` between batches, and checks that the entries listed in `stood`
 * exist. This function must have `db` to itself.
 */
export async function verifyChains(
  db: DatabaseSync,
  stood: readonly RunHead[],
  breathe: () => Promise<void>,
  batch = 100,
): Promise<ChainReport> {
  db.exec('begin');
  let runs = 0;
  let entries = 0;
  const faults: ChainFault[] = [];
  for (let run = runAfter(db, ''); run !== undefined; run = runAfter(db, run)) {
    const walking = walk(db, run, batch);
    let step = walking.next();
    for (; step.done !== true; step = walking.next()) await breathe();
    const { sound, fault } = step.value;
    if (!isOwnStream(run)) runs += 1;
    entries += sound;
    if (fault) faults.push(fault);
    await breathe();
  }
  const known = new Set(faults.map(({ run }) => run));
  faults.push(...faultsBeside(db, stood).filter(({ run }) => !known.has(run)));
  return { runs, entries, faults };
}

/** Reports missing entries: `stood` lists them, and it was never ahead of the entries. */
export function faultsBeside(db: DatabaseSync, stood: readonly RunHead[]): readonly ChainFault[] {
  const at = db.prepare('select hash from entries where run = ? and seq = ?');
  return stood.flatMap(({ run, seq, hash }): readonly ChainFault[] => {
    const found = at.get(run, seq)?.hash;
    if (found === hash) return [];
    if (found !== undefined) {
      const wanted = `${hash}, as the file -head beside it says`;
      return [{ run, seq, found: `an entry with the hash ${String(found)}`, wanted }];
    }
    const last = readHead(db, run)?.seq ?? 0;
    const wanted = `${seq} entries, as the file -head beside it says`;
    return [{ run, seq: last + 1, found: `no entry after entry ${last}`, wanted }];
  });
}
