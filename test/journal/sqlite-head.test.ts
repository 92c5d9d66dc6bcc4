import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { JournalRefused } from '../../src/journal/errors.ts';
import { journalStream } from '../../src/journal/journal.ts';
import { acceptJournal } from '../../src/journal/sqlite/accept.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { openLeased } from '../support/leased.ts';
import { counted, countedTo, run, tempFolder } from './folder.ts';

/** Appends to the journal and closes it, and keeps a copy from two entries earlier beside it. */
async function newest(path: string): Promise<void> {
  {
    await using journal = await openLeased(path);
    await journal.append(run, 0, countedTo(5));
  }
  await copyFile(path, `${path}.old`);
  await using journal = await openLeased(path);
  await journal.append(run, 5, [counted(6), counted(7)]);
}

const refusedBy = (opened: Promise<AsyncDisposable>): Promise<unknown> =>
  opened.then(
    async (journal) => journal[Symbol.asyncDispose](),
    (error: unknown) => error,
  );
const verified = async (path: string) => (await openJournalReader(path)).verify();
const hash = `sha256:${'a'.repeat(64)}`;
const headOf = (head: object) => JSON.stringify({ heads: [head] });

describe('an unreadable -head is damage, for the guard and for verify:', () => {
  test.each([
    { head: 'an empty file', text: '', says: /it is empty/ },
    { head: 'a file of zeros', text: '\0'.repeat(4_096), says: /it is not JSON/ },
    { head: 'half of it', text: '{"heads":[{"run":"run-1","se', says: /it is not JSON/ },
    { head: 'an empty list', text: '{"heads":[]}', says: /it lists no runs with their last entries/ },
    { head: 'JSON of another shape', text: '[]', says: /it lists no runs with their last entries/ },
    { head: 'null', text: 'null', says: /it lists no runs with their last entries/ },
    {
      head: 'a run without a name',
      text: headOf({ run: '', seq: 1, hash }),
      says: /it lists no runs with their last entries/,
    },
    {
      head: 'a run that stands nowhere',
      text: headOf({ run, seq: 0, hash }),
      says: /it lists no runs with their last entries/,
    },
    { head: 'half a place', text: headOf({ run, seq: 1.5, hash }), says: /it lists no runs with their last entries/ },
    {
      head: 'no hash',
      text: headOf({ run, seq: 1, hash: 'sha256:0' }),
      says: /it lists no runs with their last entries/,
    },
  ])('$head', async ({ text, says }) => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await copyFile(`${folder.journal}.old`, folder.journal);
    await writeFile(`${folder.journal}-head`, text);
    const expected = { message: expect.stringMatching(says), todo: expect.stringContaining('ripcord journal accept') };
    expect(await refusedBy(openLeased(folder.journal))).toMatchObject(expected);
    expect(await verified(folder.journal).catch((error: unknown) => error)).toMatchObject(expected);
    expect(await readFile(`${folder.journal}-head`, 'utf8')).toBe(text);
  });

  test.each([
    { head: 'a folder', make: (file: string) => mkdir(file), says: /it is not a regular file/ },
    { head: 'a link to nothing', make: (file: string) => symlink(`${file}.gone`, file), says: /ENOENT/ },
    { head: 'a link to itself', make: (file: string) => symlink(file, file), says: /ELOOP/ },
  ])('$head', async ({ make, says }) => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await rm(`${folder.journal}-head`);
    await make(`${folder.journal}-head`);
    const refusal = await refusedBy(openLeased(folder.journal));
    expect(refusal).toBeInstanceOf(JournalRefused);
    expect(refusal).toMatchObject({ message: expect.stringMatching(says), exitCode: 1 });
  });

  test.skipIf(process.getuid?.() === 0)('a file that this user may not read', async () => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await chmod(`${folder.journal}-head`, 0);
    expect(await refusedBy(openLeased(folder.journal))).toMatchObject({ message: expect.stringMatching(/EACCES/) });
  });

  test('the one of a journal that is gone', async () => {
    await using folder = await tempFolder();
    await writeFile(`${folder.journal}-head`, '');
    const refusal = await refusedBy(openLeased(folder.journal));
    expect(refusal).toMatchObject({ message: expect.stringMatching(/is missing, but .*-head is there/) });
  });
});

test('the -head of another journal, or of a newer copy, does not match this one', async () => {
  await using folder = await tempFolder();
  await newest(folder.journal);
  const other = join(folder.path, 'other.db');
  {
    await using journal = await openLeased(other);
    await journal.append(runId('run-9'), 0, countedTo(2));
  }
  await copyFile(`${other}-head`, `${folder.journal}-head`);
  const refusal = await refusedBy(openLeased(folder.journal));
  expect(refusal).toMatchObject({ message: expect.stringMatching(/has lost entries of run run-9/) });
});

describe('a journal reached by a link is compared with the -head beside each of its names:', () => {
  const older = /has lost entries of run run-1: no entry after entry 5; wanted 7 entries/;

  test('an older copy that a link leads to now', async () => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await rm(folder.journal);
    await symlink(`${folder.journal}.old`, folder.journal);
    expect(await refusedBy(openLeased(folder.journal))).toMatchObject({ message: expect.stringMatching(older) });
    expect((await verified(folder.journal)).faults).toMatchObject([{ run, seq: 6 }]);
  });

  test('an older copy in the place that a link leads to, through another link', async () => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await symlink(folder.journal, join(folder.path, 'second.db'));
    await symlink('second.db', join(folder.path, 'first.db'));
    await copyFile(`${folder.journal}.old`, folder.journal);
    const refusal = await refusedBy(openLeased(join(folder.path, 'first.db')));
    expect(refusal).toMatchObject({ message: expect.stringMatching(older) });
  });

  test('a link that led to the newest, and was turned to an older copy elsewhere', async () => {
    await using folder = await tempFolder();
    const [link, elsewhere] = [join(folder.path, 'link.db'), join(folder.path, 'elsewhere')];
    await symlink(folder.journal, link);
    await newest(folder.journal);
    await mkdir(elsewhere);
    await copyFile(`${folder.journal}.old`, join(elsewhere, 'journal.db'));
    await (await openLeased(link))[Symbol.asyncDispose]();
    await rm(link);
    await symlink(join(elsewhere, 'journal.db'), link);
    expect(await refusedBy(openLeased(link))).toMatchObject({ message: expect.stringMatching(older) });
  });

  test('the newest journal, moved to another disk with a link in its place, is accepted', async () => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    const disk = join(folder.path, 'disk');
    await mkdir(disk);
    await rename(folder.journal, join(disk, 'journal.db'));
    await symlink(join(disk, 'journal.db'), folder.journal);
    await using journal = await openLeased(folder.journal);
    expect(await journal.append(run, 7, [counted(8)])).toHaveLength(1);
    expect(await journal.verify()).toMatchObject({ entries: 8, faults: [] });
  });
});

test('the -head is a new whole file after each append, and a failed write leaves nothing', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  expect(await readdir(folder.path)).not.toContain('journal.db-head'); // nothing to record
  await journal.append(run, 0, countedTo(1));
  const before = await readFile(`${folder.journal}-head`, 'utf8');
  await copyFile(`${folder.journal}-head`, `${folder.journal}-kept`);
  await journal.append(run, 1, [counted(2)]);
  expect(JSON.parse(before)).toMatchObject({ heads: [{ run, seq: 1 }] });
  expect(JSON.parse(await readFile(`${folder.journal}-head`, 'utf8'))).toMatchObject({ heads: [{ run, seq: 2 }] });
  await rm(`${folder.journal}-head`);
  await mkdir(`${folder.journal}-head`); // cannot be replaced by a file
  await journal.append(run, 2, [counted(3)]);
  expect(await readdir(folder.path)).not.toContain('journal.db-head-new');
});

test('a -head that could not be written is reported until it is written, at the latest when the journal is closed', async () => {
  await using folder = await tempFolder();
  const file = `${folder.journal}-head`;
  const written = async () => JSON.parse(await readFile(file, 'utf8')) as unknown;
  {
    await using journal = await openLeased(folder.journal);
    await journal.append(run, 0, countedTo(1));
    expect(await journal.keepHeads()).toEqual([]);
    for (const seq of [1, 2]) {
      await rm(file, { recursive: true });
      await mkdir(file); // cannot be replaced by a file
      await journal.append(run, seq, [counted(seq + 1)]);
      const says = `${file}, which records the journal’s last entries, cannot be written: EISDIR; until it is, an older copy of the journal passes for the newest`;
      expect(await journal.keepHeads()).toEqual([says]);
      await rm(file, { recursive: true });
      if (seq === 1) expect(await journal.keepHeads()).toEqual([]);
      if (seq === 1) expect(await written()).toMatchObject({ heads: [{ run, seq: 2 }] });
    }
  }
  expect(await written()).toMatchObject({ heads: [{ run, seq: 3 }] });
});

describe('a person may accept the journal as it is, and that is recorded', () => {
  const accepting = { by: 'dana', reason: 'the disk is lost', at: instant(1_700_000_100_000) };

  test.each([
    { what: 'with a -head of zeros', spoil: (path: string) => writeFile(`${path}-head`, '\0'), says: /not JSON/ },
    { what: 'that is an older copy', spoil: (path: string) => copyFile(`${path}.old`, path), says: /no entry after/ },
    {
      what: 'with a folder for a -head',
      spoil: async (path: string) => {
        await rm(`${path}-head`);
        await mkdir(`${path}-head`);
      },
      says: /not a regular file/,
    },
  ])('$what', async ({ spoil, says }) => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await spoil(folder.journal);
    const { although } = acceptJournal(folder.journal, accepting);
    expect(although).toEqual([expect.stringMatching(says)]);
    await using journal = await openLeased(folder.journal);
    const [entry] = await journal.read(journalStream);
    expect(entry?.event).toMatchObject({ type: 'journal-accepted', ...accepting, although });
    expect(await journal.verify()).toMatchObject({ faults: [] });
    expect(await readdir(dirname(folder.journal))).toContain('journal.db-head-set-aside-20231114T221500');
  });

  test('but not if nothing is wrong, or if its own entries are damaged', async () => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    expect(() => acceptJournal(folder.journal, accepting)).toThrow(/nothing to accept/);
    const bytes = await readFile(folder.journal);
    bytes.write('"count":9', bytes.indexOf('"count":3'));
    await writeFile(folder.journal, bytes);
    await writeFile(`${folder.journal}-head`, '');
    expect(() => acceptJournal(folder.journal, accepting)).toThrow(/is damaged/);
    expect(() => acceptJournal(join(folder.path, 'none.db'), accepting)).toThrow(/there is no journal at/);
  });

  test('and not beside a daemon that uses it', async () => {
    await using folder = await tempFolder();
    await newest(folder.journal);
    await using _ = await openLeased(folder.journal);
    await writeFile(`${folder.journal}-head`, '');
    expect(() => acceptJournal(folder.journal, accepting)).toThrow(/in use by another Ripcord daemon/);
  });
});
