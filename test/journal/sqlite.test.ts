import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { JournalRefused } from '../../src/journal/errors.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { schemaVersion } from '../../src/journal/sqlite/schema.ts';
import { journalContract } from './contract.ts';
import { openLeased } from '../support/leased.ts';
import { counted, countedTo, run, tempFolder } from './folder.ts';

journalContract('SQLite', async (now) => {
  const folder = await tempFolder();
  const journal = await openJournal(folder.journal, now);
  return {
    ...journal,
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('what was appended is there when the journal is opened again, and continues from there', async () => {
  await using folder = await tempFolder();
  for (const seq of [0, 1, 2]) {
    await using journal = await openLeased(folder.journal);
    await journal.append(run, seq, [counted(seq + 1)]);
  }
  await using journal = await openLeased(folder.journal);
  expect((await journal.read(run)).map(({ event }) => event)).toEqual(countedTo(3));
  expect(await journal.verify()).toEqual({ runs: 1, entries: 3, faults: [] });
});

test('folder and files are accessible to this user only', async () => {
  await using folder = await tempFolder();
  const path = join(folder.path, 'state', 'deep', 'journal.db');
  await using journal = await openLeased(path);
  await journal.append(run, 0, [counted(1)]);
  expect(await modeOf(join(folder.path, 'state'))).toBe('700');
  expect(await modeOf(join(folder.path, 'state', 'deep'))).toBe('700');
  const names = await readdir(join(folder.path, 'state', 'deep'));
  expect(names.toSorted()).toEqual([
    'journal.db',
    'journal.db-head',
    'journal.db-lock',
    'journal.db-shm',
    'journal.db-wal',
  ]);
  for (const name of names)
    expect([name, await modeOf(join(folder.path, 'state', 'deep', name))]).toEqual([name, '600']);
});

test('two names of one journal have one lock', async () => {
  await using folder = await tempFolder();
  await using _ = await openLeased(folder.journal);
  await symlink(folder.journal, join(folder.path, 'alias.db'));
  await expect(openLeased(join(folder.path, 'alias.db'))).rejects.toThrow('is in use by another Ripcord daemon');
});

test('an interrupted creation is completed', async () => {
  await using folder = await tempFolder();
  await writeFile(`${folder.journal}-new`, 'half a database');
  await using journal = await openLeased(folder.journal);
  await journal.append(run, 0, [counted(1)]);
  expect(await readdir(folder.path)).not.toContain('journal.db-new');
});

test('a backup is a separate and whole journal for this user only, while events are being appended', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await journal.append(run, 0, countedTo(500));
  const copy = join(folder.path, 'copy.db');
  const copied = journal.backup(copy);
  for (let seq = 500; seq < 520; seq += 1) await journal.append(run, seq, [counted(seq + 1)]);
  await copied;
  expect(await modeOf(copy)).toBe('600');
  await using restored = await openLeased(copy);
  const { entries, faults } = await restored.verify();
  expect(faults).toEqual([]);
  expect(entries).toBeGreaterThanOrEqual(500);
  await restored.append(run, entries, [counted(entries + 1)]);
});

test.each([
  { target: 'a file that is there', name: 'taken', says: 'taken already' },
  { target: 'the journal itself', name: 'journal.db', says: 'journal.db already' },
  { target: 'a folder that is not there', name: 'nowhere/copy.db', says: 'no file can be created at' },
])('a backup to $target is refused', async ({ name, says }) => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'taken'), 'mine');
  await using journal = await openLeased(folder.journal);
  await expect(journal.backup(join(folder.path, name))).rejects.toThrow(says);
  expect(await readFile(join(folder.path, 'taken'), 'utf8')).toBe('mine');
  await journal.append(run, 0, [counted(1)]);
});

const setUp = (path: string, sql: string) => {
  using db = new DatabaseSync(path);
  db.exec(sql);
};
const fresh = async (path: string) => (await openLeased(path))[Symbol.asyncDispose]();
const newer = `pragma user_version = ${schemaVersion + 1}`;

describe('a journal is refused with one message and not changed if it', () => {
  test.each([
    {
      is: 'was written by a later version',
      make: async (path: string) => {
        await fresh(path);
        setUp(path, newer);
      },
      says: /^the journal .*journal\.db was written by a later version of Ripcord \(format 3\); wanted format 2\. Start that version/,
    },
    {
      is: 'was written by an earlier version',
      make: async (path: string) => {
        await fresh(path);
        setUp(path, 'pragma user_version = 1');
      },
      says: /by an earlier version of Ripcord \(format 1\); wanted format 2\. Close its run with the version that wrote it, .*Then move the journal away/,
    },
    {
      is: 'is not SQLite',
      make: (path: string) => writeFile(path, 'Dear diary, today I read about databases.\n'.repeat(100)),
      says: /journal\.db is not an SQLite database; wanted a journal of Ripcord\./,
    },
    {
      is: 'is a database of another program',
      make: async (path: string) => setUp(path, 'pragma application_id = 7; create table diary (day)'),
      says: /journal\.db is an SQLite database of another program/,
    },
    {
      is: 'is a database that says nothing about its program',
      make: async (path: string) => setUp(path, 'create table diary (day)'),
      says: /journal\.db is an SQLite database of another program/,
    },
    { is: 'is a folder', make: (path: string) => mkdir(path), says: /journal\.db is not a file/ },
    {
      is: 'is gone, but for its log',
      make: (path: string) => writeFile(`${path}-wal`, 'the last entries'),
      says: /journal\.db is missing, but its log \(-wal\) with the last entries exists/,
    },
  ])('$is', async ({ make, says }) => {
    await using folder = await tempFolder();
    await make(folder.journal);
    const picture = async () => {
      const names = (await readdir(folder.path)).toSorted();
      const facts = names.map(async (name) => [name, (await stat(join(folder.path, name), { bigint: true })).mtimeNs]);
      return Promise.all(facts);
    };
    const before = await picture();
    for (const open of [openJournal, openJournalReader]) {
      const refusal = await open(folder.journal).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(JournalRefused);
      expect(refusal).toMatchObject({ message: expect.stringMatching(says), exitCode: 2 });
    }
    expect(await picture()).toEqual(before);
  });

  test('was written by a later version that is running, with the version still in the log only', async () => {
    await using folder = await tempFolder();
    await fresh(folder.journal);
    using later = new DatabaseSync(folder.journal);
    later.exec(`pragma wal_autocheckpoint = 0; ${newer}`);
    await expect(openLeased(folder.journal)).rejects.toThrow('later version');
  });

  test.each([
    { is: 'would be below a file', within: 'file/journal.db' },
    { is: 'would be where no folder can be made', within: '/proc/ripcord/journal.db' },
  ])('$is', async ({ within }) => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, 'file'), '');
    const path = within.startsWith('/') ? within : join(folder.path, within);
    const refusal = await openLeased(path).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(JournalRefused);
    expect(refusal).toMatchObject({ message: expect.stringMatching(/cannot be written \(E[A-Z]+\)/), exitCode: 1 });
  });
});
