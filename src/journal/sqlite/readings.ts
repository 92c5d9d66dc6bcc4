import type { DatabaseSync } from 'node:sqlite';

import type { GuardId, ProbeId, RunId } from '../../core/kernel/ids.ts';
import { type Instant, instant } from '../../core/kernel/units.ts';
import type { ReadingChunk } from '../journal.ts';
import type { LeaseShown } from '../lease.ts';
import { mustBeCurrent } from './leases.ts';
import { transaction } from './transaction.ts';

/** Writes all chunks or none. Of two chunks for the same minute, the later one stays. */
export function readingsWriter(db: DatabaseSync) {
  const upsert = db.prepare(`insert into readings (run, probe, minute, body) values (?, ?, ?, ?)
    on conflict (run, probe, minute) do update set body = excluded.body`);
  return (lease: LeaseShown, chunks: readonly ReadingChunk[]): void =>
    transaction(db, () => {
      mustBeCurrent(db, lease);
      for (const { run, probe, minute, body } of chunks) upsert.run(run, probe, minute, body);
    });
}

/** Both ends included, oldest first; without a limit, all of them. */
export function readReadings(
  db: DatabaseSync,
  run: RunId,
  probe: ProbeId,
  from: Instant,
  to: Instant,
  limit = -1,
): readonly ReadingChunk[] {
  const rows = db.prepare(`select minute, body from readings
    where run = ? and probe = ? and minute between ? and ? order by minute limit ?`);
  return rows.all(run, probe, from, to, limit).map(({ minute, body }) => {
    if (!(body instanceof Uint8Array)) throw new TypeError(`a chunk of readings of ${probe} is not binary`);
    return { run, probe, minute: instant(Number(minute)), body };
  });
}

/** Deletes a guard's readings before `before` in small transactions, with `breathe` between them so that appends get through. */
export async function pruneReadings(
  db: DatabaseSync,
  guard: GuardId,
  before: Instant,
  breathe: () => Promise<void>,
  batch = 1_000,
): Promise<number> {
  const prune = db.prepare(`delete from readings where (run, probe, minute) in
    (select run, probe, minute from readings indexed by readings_by_minute
    where minute < ? and run in (select run from heads where guard = ?) limit ?)`);
  let pruned = 0;
  for (;;) {
    const count = Number(prune.run(before, guard, batch).changes);
    pruned += count;
    if (count < batch) return pruned;
    await breathe();
  }
}
