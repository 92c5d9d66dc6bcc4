import type { DatabaseSync } from 'node:sqlite';

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
