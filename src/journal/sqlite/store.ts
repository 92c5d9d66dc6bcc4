import { DatabaseSync } from 'node:sqlite';

import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused } from '../errors.ts';
import { copyJournal } from './backup.ts';
import { appender, readEntries, readHeads } from './entries.ts';
import { create, examine, openToRead, patience } from './files.ts';
import { stayingInPlace } from './in-place.ts';
import { mustBeWritable, settle, takeLock } from './lock.ts';
import type { Operations } from './messages.ts';
import { pruneReadings, readingsWriter, readReadings } from './readings.ts';
import { verifyChains } from './verify.ts';

/** A durable commit is one that a power cut does not undo: SQLite's FULL syncs the log at each. */
function openToWrite(path: string): DatabaseSync {
  mustBeWritable(path);
  const db = new DatabaseSync(path, { timeout: patience });
  try {
    const mode = db.prepare('pragma journal_mode = wal').get()?.journal_mode;
    db.exec('pragma synchronous = full; pragma foreign_keys = on;');
    if (mode === 'wal') return db;
  } catch (error) {
    db.close();
    throw error;
  }
  db.close();
  throw new JournalRefused(
    {
      found: `the journal ${path} cannot keep a write-ahead log where it is`,
      wanted: 'a local file system',
      todo: 'Move it off the network drive',
    },
    exitCodes.failed,
  );
}

export interface Store extends Omit<Operations, 'open' | 'close'>, Disposable {
  readonly path: string;
}

/**
 * Opens or creates the journal for this process alone. Everything is done on the calling thread, which waits for the
 * disk; what takes long awaits `breathe` between its parts.
 */
export function openStore(name: string, breathe: () => Promise<void>): Store {
  using undo = new DisposableStack();
  const path = settle(name);
  examine(path); // before the lock: nothing is put beside a file that is not ours
  undo.use(takeLock(path));
  if (examine(path) === 'absent') create(path);
  const db = undo.use(openToWrite(path));
  const append = appender(db);
  const writeReadings = readingsWriter(db);
  const mustBeInPlace = stayingInPlace(path);
  const opened = undo.move();
  return {
    path,
    append(...entries) {
      mustBeInPlace();
      return append(...entries);
    },
    read: (run, afterSeq) => readEntries(db, run, afterSeq),
    runs: () => readHeads(db),
    writeReadings,
    readReadings: (run, probe, from, to) => readReadings(db, run, probe, from, to),
    pruneReadings: (before) => pruneReadings(db, before, breathe),
    async verify() {
      using snapshot = openToRead(path);
      return await verifyChains(snapshot, breathe);
    },
    backup: (target) => copyJournal(path, target),
    [Symbol.dispose]: () => opened.dispose(),
  };
}
