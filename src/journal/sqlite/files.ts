import { closeSync, lstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused } from '../errors.ts';
import { syncFolder } from './durable.ts';
import { readFailure, sqliteFault } from './faults.ts';
import { headFile, witnessBeside } from './head-file.ts';
import { applicationId, schema, schemaVersion } from './schema.ts';

// POSIX drops all locks that a process holds on a file when it closes any descriptor of it. So nothing here opens a
// journal or its lock file through `fs`: looking (stat, access, chmod) is harmless, reading would let a second daemon in.

/** How long SQLite waits for another connection, in ms: a command that recovers the log after a crash takes a moment. */
export const patience = 5_000;

/** Undefined where there is nothing. */
function look(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw readFailure(path, error);
  }
}

/**
 * What the file looks like while nobody has it open, undefined while somebody does (a `-wal` file is there) or did
 * until killed. Two equal answers: the file was not written in between.
 */
export function restingState(path: string): string | undefined {
  if (look(`${path}-wal`) !== undefined) return undefined;
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}

/**
 * Opens without changing anything. A read-only connection to a resting WAL database would create its `-wal` and `-shm`
 * files and leave them there, so a file at rest is declared immutable; what is read then holds if `restingState` stayed.
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
      todo: 'Name another file; this one was left as it is',
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
      wanted: 'a sound file, or none where a new one is to begin',
      todo: 'Put its latest backup in its place, or remove it where there was none',
    },
    exitCodes.failed,
  );

const gone = (path: string, isRead: boolean) =>
  new JournalRefused(
    {
      found: `the journal ${path} is missing, but ${headFile(path)} ${isRead ? 'tells of its entries' : 'is there'}`,
      wanted: 'the journal that was there',
      todo: `Put it back. To begin a new one that does not know what was done, remove ${headFile(path)}`,
    },
    exitCodes.failed,
  );

/** Nothing is there, and nothing tells that something was. */
function mustBeNew(path: string): void {
  const link = lstatSync(path, { throwIfNoEntry: false });
  if (link !== undefined) throw notOurs(path, 'is a link to a file that is not there');
  // SQLite would replay such a log into the new file
  if ((look(`${path}-wal`)?.size ?? 0) > 0)
    throw notOurs(path, 'is missing, but its log (-wal) with the last entries is there');
  const { state } = witnessBeside(path);
  if (state !== 'absent') throw gone(path, state === 'read');
}

const otherFormat = (path: string, version: number) => {
  const isOlder = version < schemaVersion;
  const todo = isOlder
    ? 'Close its run with the version that wrote it, and keep it with that version for its reports. Then move it away with its -wal, -shm, -lock, -head and -step, start with a new journal, and revoke again what tokens were revoked'
    : 'Start that version, or name another file';
  return new JournalRefused(
    {
      found: `the journal ${path} was written by ${isOlder ? 'an earlier' : 'a later'} version of Ripcord (format ${version})`,
      wanted: `format ${schemaVersion}`,
      todo: `${todo}; this one was left as it is`,
    },
    exitCodes.usage,
  );
};

/** Says whether there is a journal at `path`; refuses what is none, or one that this version does not know. Only looks. */
export function examine(path: string): 'absent' | 'journal' {
  const file = look(path);
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

/** Creates an empty file that only we may read; throws EEXIST when there is one. SQLite gives its log the same mode. */
export const reserve = (path: string): void => closeSync(openSync(path, 'wx', 0o600));

/** Creates an empty journal under another name first: at `path` there is either none or a whole one, even after a crash. */
export function create(path: string): void {
  const draft = `${path}-new`;
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
  reserve(draft);
  const db = new DatabaseSync(draft);
  try {
    // before the first table, or it would take a VACUUM of the whole file: see compact.ts
    db.exec(`pragma auto_vacuum = incremental; begin; ${schema} commit; pragma journal_mode = wal;`);
  } finally {
    db.close();
  }
  renameSync(draft, path);
  syncFolder(path);
}
