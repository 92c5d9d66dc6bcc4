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
      todo: 'Mend its permissions, or name another place',
    },
    exitCodes.failed,
    { cause },
  );

const inUse = (path: string, cause: unknown) =>
  new JournalRefused(
    {
      found: `the journal ${path} is in use by another Ripcord daemon`,
      wanted: 'one daemon for each journal',
      todo: 'Stop the other daemon, or let it guard: ripcord run status; with another journal this one would not know what was done',
    },
    exitCodes.failed,
    { cause },
  );

/** One by one: the recursive `mkdir` of Node 24 never ends where the system answers ENOENT for a folder that is there. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error; // somebody else made it meanwhile
  }
}

/**
 * Creates the folder where it is missing, for us alone, and makes sure that files can be made in it. Answers the one
 * real name of the journal, however it was spelled: two names would have two locks.
 */
export function settle(path: string): JournalNames {
  const folder = dirname(resolve(path));
  try {
    makeFolder(folder);
    accessSync(`${folder}/.`, constants.W_OK | constants.X_OK); // the dot: a file with that name is no folder
    return namesOf(path);
  } catch (error) {
    throw unwritable(`the folder ${folder}`, error);
  }
}

/** Whoever can write to it can let the guard do whatever they like: the chain tells of accidents, not of forgers. */
export function mustBeOurs(path: string): void {
  if ((statSync(path).mode & 0o002) === 0) return;
  throw new JournalRefused(
    {
      found: `the journal ${path} may be written by everybody on this machine`,
      wanted: 'a file that only the guard’s user writes',
      todo: `Find out who has written to it, verify it, then: chmod o-w ${path}`,
    },
    exitCodes.failed,
  );
}

/** On a file that it may not write, SQLite opens a read-only connection without a word, whose locks exclude nobody. */
export function mustBeWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Holds `PATH-lock` until disposed, or until this process ends in whatever way. It is a database of its own,
 * because a lock on the journal itself would keep readers out. Refuses at once when somebody else holds it.
 */
export function takeLock(path: string): Disposable {
  const name = `${path}-lock`;
  using undo = new DisposableStack();
  try {
    const isNew = !existsSync(name);
    const held = undo.use(new DatabaseSync(name, { timeout: 0 }));
    if (isNew) chmodSync(name, 0o600);
    mustBeWritable(name);
    // an empty file would be written to at each "begin", which fails on a full disk
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
