import type { DatabaseSync } from 'node:sqlite';

import { runId, type RunId } from '../../core/kernel/ids.ts';
import { faultAtEnd, faultIn, start } from '../chain.ts';
import { type ChainFault, type ChainReport, isOwnStream, type RunHead } from '../journal.ts';
import { readEntries, readHead } from './entries.ts';

/** The next run in the order of names, whether it has entries, a head, or both. */
function runAfter(db: DatabaseSync, run: string): RunId | undefined {
  const row = db
    .prepare(`select min(run) as run from (select min(run) as run from entries where run > :run
      union all select min(run) from heads where run > :run)`)
    .get({ run });
  return typeof row?.run === 'string' ? runId(row.run) : undefined;
}

/** Walks one chain, `batch` entries at a time. */
async function verifyRun(db: DatabaseSync, run: RunId, breathe: () => Promise<void>, batch: number) {
  let last: RunHead = start(run);
  for (;;) {
    const links = readEntries(db, run, last.seq, batch);
    for (const link of links) {
      const fault = faultIn(last, link);
      if (fault) return { sound: last.seq, fault };
      last = link;
    }
    if (links.length < batch) return { sound: last.seq, fault: faultAtEnd(last, readHead(db, run)) };
    await breathe();
  }
}

/** Recomputes every chain of one snapshot, with `breathe` between the batches. `db` is this function's alone. */
export async function verifyChains(db: DatabaseSync, breathe: () => Promise<void>, batch = 100): Promise<ChainReport> {
  db.exec('begin');
  let runs = 0;
  let entries = 0;
  const faults: ChainFault[] = [];
  for (let run = runAfter(db, ''); run !== undefined; run = runAfter(db, run)) {
    const { sound, fault } = await verifyRun(db, run, breathe, batch);
    if (!isOwnStream(run)) runs += 1;
    entries += sound;
    if (fault) faults.push(fault);
    await breathe();
  }
  return { runs, entries, faults };
}
