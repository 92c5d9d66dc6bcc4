import type { DatabaseSync } from 'node:sqlite';

/** Runs all of `work` or none of it. After a failure the connection is as before, even if SQLite itself rolled back. */
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
