import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { backup } from 'node:sqlite';

import { exitCodes } from '../../core/kernel/errors.ts';
import { JournalRefused } from '../errors.ts';
import { syncFolder } from './durable.ts';
import { systemCode, writeFailure } from './faults.ts';
import { openToRead, reserve } from './files.ts';

/** Copies in one step: a copy in several steps restarts whenever an event is appended in between. */
const allPages = 2 ** 31 - 1;

const taken = (path: string, cause: unknown) =>
  new JournalRefused(
    {
      found: existsSync(path) ? `${path} already exists` : `no file can be created at ${path}`,
      wanted: 'a new file in a folder that exists, for the copy of the journal',
      todo: 'Name another one',
    },
    exitCodes.usage,
    { cause },
  );

/** Copies the current journal `path` to `target`. After a failure there is no `target`. */
export async function copyJournal(path: string, target: string): Promise<void> {
  const copy = resolve(target);
  try {
    reserve(copy);
  } catch (error) {
    throw systemCode(error) === 'ENOSPC' ? writeFailure(copy, error) : taken(copy, error);
  }
  try {
    using db = openToRead(path);
    await backup(db, copy, { rate: allPages });
    syncFolder(copy);
  } catch (error) {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true });
    throw writeFailure(copy, error);
  }
}
