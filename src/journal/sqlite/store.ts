import { DatabaseSync } from 'node:sqlite';

import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused } from '../errors.ts';
import { copyJournal } from './backup.ts';
import { believed, mustBeSound } from './believe.ts';
import { compactor } from './compact.ts';
import { consumers, readFrom } from './consumers.ts';
import { appender, readEntries, readHead, readStreams, readSummaries } from './entries.ts';
import { create, examine, openToRead, patience } from './files.ts';
import { type HeadFiles, keepHeadFiles, readHeadFiles } from './head-file.ts';
import { stayingInPlace } from './in-place.ts';
import { endAllLeases, leases } from './leases.ts';
import { mustBeOurs, mustBeWritable, settle, takeLock } from './lock.ts';
import type { Operations } from './messages.ts';
import { pruneReadings, readingsWriter, readReadings } from './readings.ts';
import { verifyChains } from './verify.ts';

/** A durable commit survives a power cut: SQLite's FULL syncs the log at each commit. */
export function openToWrite(path: string): DatabaseSync {
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

/** Appends durably, and then writes the `-head` files. */
function appenderWith(db: DatabaseSync, heads: HeadFiles): Store['append'] {
  const append = appender(db);
  return (...entries) => {
    const links = append(...entries);
    const last = links.at(-1);
    if (last !== undefined) heads.stands(last);
    return links;
  };
}

/**
 * Opens or creates the journal exclusively for this process. All work runs on the calling thread, which waits for the disk;
 * long work awaits `breathe` between its parts.
 */
export function openStore(name: string, breathe: () => Promise<void>): Store {
  using undo = new DisposableStack();
  const { path, names } = settle(name);
  examine(path); // before the lock, so that no file is created beside a file that is not ours
  undo.use(takeLock(path));
  if (examine(path) === 'absent') create(path);
  else {
    mustBeOurs(path);
    mustBeSound(path, readHeadFiles(names));
  }
  const db = undo.use(openToWrite(path));
  const heads = keepHeadFiles(
    names,
    believed(db).flatMap((run) => readHead(db, run) ?? []),
  );
  undo.defer(() => void heads.retry());
  endAllLeases(db);
  const { claim, renew, release } = leases(db);
  const { positionOf, advance } = consumers(db);
  const append = appenderWith(db, heads);
  const compact = compactor(db);
  const writeReadings = readingsWriter(db);
  const mustBeInPlace = stayingInPlace(path);
  const opened = undo.move();
  /** Writes to an unlinked file would vanish with the process. */
  const inPlace =
    <Parameters extends readonly unknown[], Result>(work: (...parameters: Parameters) => Result) =>
    (...parameters: Parameters): Result => {
      mustBeInPlace();
      return work(...parameters);
    };
  return {
    path,
    claim: inPlace(claim),
    renew: inPlace(renew),
    release: inPlace(release),
    append: inPlace(append),
    keepHeads: inPlace(heads.retry),
    positionOf,
    advance: inPlace(advance),
    readFrom: (position, limit) => readFrom(db, position, limit),
    read: (run, afterSeq) => readEntries(db, run, afterSeq),
    runs: (guard) => readSummaries(db, guard),
    streams: () => readStreams(db),
    writeReadings: inPlace(writeReadings),
    readReadings: (...which) => readReadings(db, ...which),
    pruneReadings: (guard, before) => pruneReadings(db, guard, before, breathe),
    compact: inPlace(() => compact()),
    async verify() {
      const stood = readHeadFiles(names); // before the snapshot, so that it is never ahead of the entries
      using snapshot = openToRead(path);
      return await verifyChains(snapshot, stood, breathe);
    },
    backup: (target) => copyJournal(path, target),
    [Symbol.dispose]: () => opened.dispose(),
  };
}
