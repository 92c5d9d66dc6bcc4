import { chmod, copyFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { verifyJournal } from '../../src/cli/journal.ts';
import { runId } from '../../src/core/kernel/ids.ts';
import { JournalRefused } from '../../src/journal/errors.ts';
import { tokenStream as tokensOf } from '../../src/journal/journal.ts';
import { openLeased } from '../support/leased.ts';
import { counted, countedTo, run, tempFolder } from './folder.ts';

const old = runId('run-0');
const tokenStream = tokensOf('plan');

/** A journal at rest: an old run, the open one, and the ended tokens. */
async function atRest(path: string): Promise<void> {
  await using journal = await openLeased(path);
  for (const each of [old, tokenStream, run]) await journal.append(each, 0, countedTo(40));
}

/** The same after three more entries, as a killed daemon leaves it: they are in the log. */
async function killed(path: string): Promise<void> {
  const alive = `${path}.alive`;
  await atRest(alive);
  await using journal = await openLeased(alive);
  await journal.append(run, 40, [counted(41), counted(42), counted(43)]);
  for (const suffix of ['', '-wal', '-head']) await copyFile(`${alive}${suffix}`, `${path}${suffix}`);
}

/** Changes the closed journal through a separate connection, without its triggers and without foreign keys. */
const tamper = (...statements: readonly string[]) =>
  async function change(path: string): Promise<void> {
    await atRest(path);
    using db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    for (const { name } of db.prepare("select name from sqlite_schema where type = 'trigger'").all())
      db.exec(`drop trigger ${String(name)}`);
    for (const statement of statements) db.exec(statement);
  };

const then =
  (make: (path: string) => Promise<void>, act: (path: string) => Promise<unknown>) => async (path: string) => {
    await make(path);
    await act(path);
  };
const sizeOf = async (path: string) => (await readFile(path)).length;
const of = `run = '${run}'`;
const setHead = (seq: number) =>
  `update heads set (seq, hash) = (select seq, hash from entries e where e.run = heads.run and e.seq = ${seq}) where ${of}`;

interface Unbelievable {
  readonly journal: string;
  readonly make: (path: string) => Promise<unknown>;
  readonly says: RegExp;
  /** What `journal verify` reports, if it differs. */
  readonly verify?: RegExp;
  readonly exitCode?: number;
}

const unbelievable: readonly Unbelievable[] = [
  { journal: 'of zero bytes', make: (path) => writeFile(path, ''), says: /is damaged: it is empty/ },
  {
    journal: 'of zero bytes that was more once',
    make: then(atRest, (path) => truncate(path, 0)),
    says: /is damaged: it is empty/,
  },
  {
    journal: 'with a torn end',
    make: then(atRest, async (path) => truncate(path, (await sizeOf(path)) - 100)),
    says: /is damaged/,
  },
  {
    journal: 'cut at the border of a page',
    make: then(atRest, async (path) => truncate(path, (await sizeOf(path)) - 4_096)),
    says: /is damaged/,
  },
  { journal: 'cut in its first page', make: then(atRest, (path) => truncate(path, 300)), says: /is damaged/ },
  {
    journal: 'with a torn end beside a log, which has its last page only',
    make: then(killed, async (path) => truncate(path, (await sizeOf(path)) - 5 * 4_096)),
    says: /is damaged/,
  },
  {
    journal: 'whose log is gone',
    make: then(killed, (path) => rm(`${path}-wal`)),
    says: /has lost entries of run run-1: no entry after entry 40; wanted 43 entries/,
    verify: /run-1 is broken at entry 41: found no entry after entry 40/,
  },
  {
    journal: 'whose log is torn',
    make: then(killed, async (path) => truncate(`${path}-wal`, (await sizeOf(`${path}-wal`)) - 200)),
    says: /has lost entries of run run-1: no entry after entry 40/,
    verify: /run-1 is broken at entry 41/,
  },
  {
    journal: 'that an older copy has replaced',
    make: async (path) => {
      await atRest(path);
      await copyFile(path, `${path}.copy`);
      {
        await using journal = await openLeased(path);
        await journal.append(run, 40, [counted(41)]);
      }
      await copyFile(`${path}.copy`, path);
    },
    says: /has lost entries of run run-1: no entry after entry 40; wanted 41 entries/,
    verify: /run-1 is broken at entry 41/,
  },
  {
    journal: 'of which the end was removed from entries and heads alike',
    make: tamper(setHead(38), `delete from entries where ${of} and seq > 38`),
    says: /has lost entries of run run-1: no entry after entry 38/,
    verify: /run-1 is broken at entry 39/,
  },
  {
    journal: 'of which the open run was removed whole',
    make: tamper(`delete from heads where ${of}`, `delete from entries where ${of}`),
    says: /has lost entries of run run-1: no entry after entry 0/,
    verify: /run-1 is broken at entry 1/,
  },
  {
    journal: 'of which the tokens’ stream was removed whole',
    make: tamper(`delete from heads where run = '${tokenStream}'`, `delete from entries where run = '${tokenStream}'`),
    says: /has lost entries of run ~tokens\/plan/,
    verify: /~tokens\/plan is broken at entry 1/,
  },
  {
    journal: 'whose entries end before their head',
    make: then(tamper(`delete from entries where ${of} and seq > 38`), (path) => rm(`${path}-head`)),
    says: /run run-1 is broken at entry 39: a last entry 38; wanted 40/,
    verify: /run-1 is broken at entry 39/,
  },
  {
    journal: 'whose entries go on after their head',
    make: tamper(setHead(39)),
    says: /run run-1 is broken at entry 40/,
    verify: /run-1 is broken at entry 40/,
  },
  {
    journal: 'with entries that no head tells of, so that an older run looks like the open one',
    make: tamper(`delete from heads where ${of}`),
    says: /run run-1 is broken at entry 40: no head for this run/,
    verify: /run-1 is broken at entry 40/,
  },
  {
    journal: 'with an event of the open run changed',
    make: tamper(`update entries set event = replace(event, '"count":7,', '"count":8,') where ${of} and seq = 7`),
    says: /run run-1 is broken at entry 7: contents with the hash/,
    verify: /run-1 is broken at entry 7/,
  },
  {
    journal: 'with an event of the tokens’ stream changed',
    make: tamper(
      `update entries set event = replace(event, '"count":7,', '"count":8,') where run = '${tokenStream}' and seq = 7`,
    ),
    says: /run ~tokens\/plan is broken at entry 7/,
    verify: /~tokens\/plan is broken at entry 7/,
  },
  {
    journal: 'that is gone, though it had entries',
    make: then(atRest, (path) => rm(path)),
    says: /is missing, but .*-head lists its entries/,
  },
  {
    journal: 'that is a link to nothing',
    make: (path) => symlink(`${path}.unmounted`, path),
    says: /is a link to a missing file/,
    verify: /there is no journal at|is a link to a missing file/,
    exitCode: 2,
  },
  { journal: 'that is a folder', make: (path) => mkdir(path), says: /is not a file/, exitCode: 2 },
];

const picture = async (folder: string) => {
  const names = (await readdir(folder)).filter((name) => !/-(lock|shm)$|\.alive/.test(name)).toSorted();
  const read = (name: string) => readFile(join(folder, name), 'base64').catch(() => 'not a file');
  return Promise.all(names.map(async (name) => [name, await read(name)]));
};

describe('a journal is refused without any change if it is one', () => {
  test.each(unbelievable)('$journal', async ({ make, says, verify = says, exitCode = 1 }) => {
    await using folder = await tempFolder();
    await make(folder.journal);
    const before = await picture(folder.path);
    const refusal = await openLeased(folder.journal).then(
      async (journal) => journal[Symbol.asyncDispose](),
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(JournalRefused);
    expect(refusal).toMatchObject({ message: expect.stringMatching(says), exitCode });
    expect(await picture(folder.path)).toEqual(before);

    // `ripcord journal verify` reports the same.
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    const options = { plan: 'ripcord.yaml', journal: folder.journal };
    const ended = await verifyJournal({ options, terminal: { answer: say, tell: say } } as never).catch(
      (error: JournalRefused) => (say(error.message), error.exitCode),
    );
    expect(said.join('\n')).toMatch(verify);
    expect(ended).toBe(exitCode);
    expect(await picture(folder.path)).toEqual(before);
  });
});

test.each([
  { what: 'left as it was killed', make: killed, entries: 123 },
  { what: 'at rest', make: atRest, entries: 120 },
  {
    what: 'of an older version, without the file beside it',
    make: then(killed, (path) => rm(`${path}-head`)),
    entries: 123,
  },
  {
    what: 'whose -head is behind, as after a power cut',
    make: then(killed, (path) => copyFile(`${path}.alive-head`, `${path}-head`)),
    entries: 123,
  },
])('a journal $what is accepted, and continues', async ({ make, entries }) => {
  await using folder = await tempFolder();
  await make(folder.journal);
  await using journal = await openLeased(folder.journal);
  expect(await journal.verify()).toMatchObject({ entries, faults: [] });
  const seq = entries === 123 ? 43 : 40;
  expect(await journal.append(run, seq, [counted(seq + 1)])).toHaveLength(1);
});

test('damage to a finished run stops no guard: verify reports it', async () => {
  await using folder = await tempFolder();
  await tamper(`update entries set event = '{}' where run = '${old}' and seq = 7`)(folder.journal);
  await using journal = await openLeased(folder.journal);
  expect(await journal.verify()).toMatchObject({ faults: [{ run: old, seq: 7 }] });
});

test('a journal that everybody may write to is refused', async () => {
  await using folder = await tempFolder();
  await atRest(folder.journal);
  await chmod(folder.journal, 0o666);
  await expect(openLeased(folder.journal)).rejects.toThrow(/is writable by everybody.*chmod o-w/);
  await chmod(folder.journal, 0o644);
  await (await openLeased(folder.journal))[Symbol.asyncDispose]();
});
