import { closeSync, lstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused } from '../errors.ts';
import { syncFolder } from './durable.ts';
import { readFailure, sqliteFault } from './faults.ts';
import { headFile, witnessBeside } from './head-file.ts';
import { applicationId, schema, schemaVersion } from './schema.ts';

// POSIX drops all locks that a process holds on a file when it closes any descriptor of that file. So nothing here opens a
// journal or its lock file through `fs`: stat, access and chmod are harmless, but reading would let a second daemon in.

/** How long SQLite waits for another connection, in ms. A command that recovers the log after a crash takes a moment. */
export const patience = 5_000;

/** Undefined if the file does not exist. */
function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw readFailure(path, error);
  }
}

/**
 * Identifies the state of a file that no process has open. Undefined if there is a `-wal` file: a process has the file open,
 * or had it open until it was killed. Two equal results mean that the file was not written in between.
 */
export function restingState(path: string): string | undefined {
  if (statOf(`${path}-wal`) !== undefined) return undefined;
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}

/**
 * Opens without changing anything. A read-only connection to a WAL database at rest would create `-wal` and `-shm` files and
 * leave them behind, so a file at rest is opened as immutable. What was read is valid if `restingState` did not change.
 */
export function openToRead(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  if (restingState(path) !== undefined) url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true, timeout: patience });
}

const notOurs = (path: string, found: string) =>
  new JournalRefused(
    {
      found: `${path} ${found}`,
      wanted: 'a journal of Ripcord',
      todo: 'Name another file; this one was not changed',
    },
    exitCodes.usage,
  );

function identity(path: string): { readonly application: number; readonly version: number } {
  try {
    using db = openToRead(path);
    const { application_id: application } = db.prepare('pragma application_id').get() ?? {};
    const { user_version: version } = db.prepare('pragma user_version').get() ?? {};
    return { application: Number(application), version: Number(version) };
  } catch (error) {
    throw sqliteFault(error)?.code === 26 ? notOurs(path, 'is not an SQLite database') : readFailure(path, error);
  }
}

const empty = (path: string) =>
  new JournalRefused(
    {
      found: `the journal ${path} is damaged: it is empty`,
      wanted: 'a sound file, or no file if you want a new journal',
      todo: 'Replace it with its latest backup, or remove it if there was none',
    },
    exitCodes.failed,
  );

const gone = (path: string, isRead: boolean) =>
  new JournalRefused(
    {
      found: `the journal ${path} is missing, but ${headFile(path)} ${isRead ? 'lists its entries' : 'is there'}`,
      wanted: 'the journal that belongs there',
      todo: `Put it back. To start a new journal, which does not know what was done, remove ${headFile(path)}`,
    },
    exitCodes.failed,
  );

/** No journal exists, and no other file shows that there was one. */
function mustBeNew(path: string): void {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link !== undefined) throw notOurs(path, 'is a link to a missing file');
  // SQLite would replay such a log into the new file.
  if ((statOf(`${path}-wal`)?.size ?? 0) > 0)
    throw notOurs(path, 'is missing, but its log (-wal) with the last entries exists');
  const { state } = witnessBeside(path);
  if (state !== 'absent') throw gone(path, state === 'read');
}

const otherFormat = (path: string, version: number) => {
  const isOlder = version < schemaVersion;
  const todo = isOlder
    ? 'Close its run with the version that wrote it, and keep both for its reports. Then move the journal away with its -wal, -shm, -lock, -head and -step, start with a new journal, and revoke the revoked tokens again'
    : 'Start that version, or name another file';
  return new JournalRefused(
    {
      found: `the journal ${path} was written by ${isOlder ? 'an earlier' : 'a later'} version of Ripcord (format ${version})`,
      wanted: `format ${schemaVersion}`,
      todo: `${todo}; this one was not changed`,
    },
    exitCodes.usage,
  );
};

/** Whether there is a journal at `path`. Refuses a file that is no journal or of an unknown version. Changes nothing. */
export function examine(path: string): 'absent' | 'journal' {
  const file = statOf(path);
  if (file?.isFile() === false) throw notOurs(path, 'is not a file');
  if (file === undefined) {
    mustBeNew(path);
    return 'absent';
  }
  if (file.size === 0) throw empty(path);
  const { application, version } = identity(path);
  if (application !== applicationId) throw notOurs(path, 'is an SQLite database of another program');
  if (version !== schemaVersion) throw otherFormat(path, version);
  return 'journal';
}

/** Creates an empty file that only its owner may read; throws EEXIST if it exists. SQLite gives its log the same mode. */
export const reserve = (path: string): void => closeSync(openSync(path, 'wx', 0o600));

/** Creates an empty journal under another name and renames it: `path` is either absent or a whole journal, even after a crash. */
export function create(path: string): void {
  const draft = `${path}-new`;
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
  reserve(draft);
  const db = new DatabaseSync(draft);
  try {
    // Must come before the first table; otherwise it would need a VACUUM of the whole file (see compact.ts).
    db.exec(`pragma auto_vacuum = incremental; begin; ${schema} commit; pragma journal_mode = wal;`);
  } finally {
    db.close();
  }
  renameSync(draft, path);
  syncFolder(path);
}
