import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused } from '../errors.ts';
import { sqliteFault, systemCode } from './faults.ts';
import { type JournalNames, namesOf } from './names.ts';

const unwritable = (what: string, cause: unknown) =>
  new JournalRefused(
    {
      found: `${what} cannot be written (${sqliteFault(cause)?.says ?? systemCode(cause) ?? String(cause)})`,
      wanted: 'a place for the journal that this user may write to',
      todo: 'Fix its permissions, or name another place',
    },
    exitCodes.failed,
    { cause },
  );

const inUse = (path: string, cause: unknown) =>
  new JournalRefused(
    {
      found: `the journal ${path} is in use by another Ripcord daemon`,
      wanted: 'one daemon for each journal',
      todo: 'Stop the other daemon, or let it continue: ripcord run status. With another journal, this daemon would not know what was done',
    },
    exitCodes.failed,
    { cause },
  );

/**
 * Creates the folders one by one: the recursive `mkdir` of Node 24 never returns if the system answers ENOENT for a folder
 * that exists.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error; // another process created it in the meantime
  }
}

/**
 * Creates the folder if it is missing, with access for its owner only, and checks that files can be created in it. Returns
 * the single real name of the journal, however it was spelled: two names would have two locks.
 */
export function settle(path: string): JournalNames {
  const folder = dirname(resolve(path));
  try {
    makeFolder(folder);
    accessSync(`${folder}/.`, constants.W_OK | constants.X_OK); // the dot: fails if the name is a file
    return namesOf(path);
  } catch (error) {
    throw unwritable(`the folder ${folder}`, error);
  }
}

/** Anyone who can write to it controls the guard: the chain detects accidents, not forgeries. */
export function mustBeOurs(path: string): void {
  if ((statSync(path).mode & 0o002) === 0) return;
  throw new JournalRefused(
    {
      found: `the journal ${path} is writable by everybody on this machine`,
      wanted: 'a file that only the guard’s user can write',
      todo: `Find out who has written to it, verify it, then: chmod o-w ${path}`,
    },
    exitCodes.failed,
  );
}

/** If SQLite may not write to a file, it silently opens a read-only connection, whose locks exclude no other process. */
export function mustBeWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Holds `PATH-lock` until disposed, or until this process ends in any way. The lock is a separate database, because a lock on
 * the journal itself would keep readers out. Refuses immediately if another process holds it.
 */
export function takeLock(path: string): Disposable {
  const name = `${path}-lock`;
  using undo = new DisposableStack();
  try {
    const isNew = !existsSync(name);
    const held = undo.use(new DatabaseSync(name, { timeout: 0 }));
    if (isNew) chmodSync(name, 0o600);
    mustBeWritable(name);
    // Each "begin" would write to an empty file, which fails on a full disk.
    const { page_count: pages } = held.prepare('pragma page_count').get() ?? {};
    if (pages === 0) held.exec('begin exclusive; pragma user_version = 1; commit');
    held.exec('begin exclusive');
    return undo.move();
  } catch (error) {
    const code = sqliteFault(error)?.code;
    if (code === 5) throw inUse(path, error);
    throw code === 14 ? unwritable(name, error) : error;
  }
}
