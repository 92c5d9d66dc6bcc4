import type { DatabaseSync } from 'node:sqlite';

import { hash, runId, type RunId } from '../../core/kernel/ids.ts';
import { type Link, seal, start } from '../chain.ts';
import { StaleSequence } from '../errors.ts';
import { isOwnStream, type RunHead } from '../journal.ts';

type Row = ReturnType<ReturnType<DatabaseSync['prepare']>['all']>[number];

const headOf = (row: Row): RunHead => ({
  run: runId(String(row.run)),
  seq: Number(row.seq),
  hash: hash(String(row.hash)),
});
const linkOf = (row: Row): Link => ({ ...headOf(row), event: String(row.event), prev: hash(String(row.prev)) });

/** All of `work` or nothing of it. After a failure the connection is as before, also when SQLite rolled back itself. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('begin immediate');
  try {
    const result = work();
    db.exec('commit');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

/** The entries of a run after `afterSeq`, at most `limit` of them. */
export function readEntries(db: DatabaseSync, run: RunId, afterSeq = 0, limit = -1): readonly Link[] {
  const rows = db.prepare(`select run, seq, event, prev, hash from entries
    where run = ? and seq > ? order by seq limit ?`);
  return rows.all(run, afterSeq, limit).map(linkOf);
}

/** Where the run stands; undefined for one without entries. */
export function readHead(db: DatabaseSync, run: RunId): RunHead | undefined {
  const row = db.prepare('select run, seq, hash from heads where run = ?').get(run);
  return row && headOf(row);
}

/** The run begun last comes first. */
export const readHeads = (db: DatabaseSync): readonly RunHead[] =>
  db
    .prepare('select run, seq, hash from heads order by opened desc')
    .all()
    .map(headOf)
    .filter(({ run }) => !isOwnStream(run));

/** Appends events, each in canonical JSON, in one durable transaction. */
export function appender(db: DatabaseSync) {
  const head = db.prepare('select run, seq, hash from heads where run = ?');
  const insert = db.prepare('insert into entries (run, seq, event, prev, hash) values (?, ?, ?, ?, ?)');
  const advance = db.prepare(`insert into heads (run, seq, hash) values (?, ?, ?)
    on conflict (run) do update set seq = excluded.seq, hash = excluded.hash`);
  return (run: RunId, expectedSeq: number, events: readonly string[]): readonly Link[] =>
    transaction(db, () => {
      const row = head.get(run);
      let last = row ? headOf(row) : start(run);
      if (last.seq !== expectedSeq) throw new StaleSequence(run, expectedSeq, last.seq);
      const links = events.map((event) => {
        const link = seal(last, event);
        insert.run(run, link.seq, event, link.prev, link.hash);
        return (last = link);
      });
      if (links.length > 0) advance.run(run, last.seq, last.hash);
      return links;
    });
}
