import { copyFile, rename, rm } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { JournalUnwritable } from '../../src/journal/errors.ts';
import { openLeased } from '../support/leased.ts';
import { counted, countedTo, run, tempFolder } from './folder.ts';

test.each([
  { what: 'the file is removed', act: (path: string) => rm(path), file: /journal\.db / },
  { what: 'the file is moved away', act: (path: string) => rename(path, `${path}.moved`), file: /journal\.db / },
  {
    what: 'another file takes its place',
    async act(path: string) {
      await copyFile(path, `${path}.copy`);
      await rename(`${path}.copy`, path);
    },
    file: /journal\.db /,
  },
  { what: 'its log is removed', act: (path: string) => rm(`${path}-wal`), file: /journal\.db-wal / },
])('nothing is acknowledged once $what under a running daemon', async ({ act, file }) => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await journal.append(run, 0, countedTo(2));
  await act(folder.journal);
  const refusal = await journal.append(run, 2, [counted(3)]).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(JournalUnwritable);
  expect(refusal).toMatchObject({
    reason: expect.stringMatching(/moved or removed while in use$/),
    wanted: 'the opened file, at its path',
    todo: expect.stringMatching(/^Put it back.*Restart the daemon only if the file is lost/),
  });
  expect(refusal).toMatchObject({ reason: expect.stringMatching(file) });
});

test.each(['journal', 'log'])('a %s that was moved away and put back accepts entries again', async (which) => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await journal.append(run, 0, countedTo(2));
  const file = which === 'log' ? `${folder.journal}-wal` : folder.journal;
  await rename(file, `${file}.moved`);
  await expect(journal.append(run, 2, [counted(3)])).rejects.toThrow(JournalUnwritable);
  await rename(`${file}.moved`, file);
  await journal.append(run, 2, [counted(3)]);
  await journal[Symbol.asyncDispose]();
  await using later = await openLeased(folder.journal);
  expect(await later.verify()).toEqual({ runs: 1, entries: 3, faults: [] });
});
