import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import { runId } from '../../src/core/kernel/ids.ts';
import { seal, start } from '../../src/journal/hash-chain.ts';
import { JournalRefused } from '../../src/journal/errors.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { openLeased, someGuard } from '../support/leased.ts';
import { countedTo, run, tempFolder } from './folder.ts';

const sound = runId('run-0');
const last = runId('run-2');

/** Three closed runs of 5 entries, without the triggers. */
async function defenceless(path: string): Promise<void> {
  await using journal = await openLeased(path);
  for (const each of [sound, run, last]) await journal.append(each, 0, countedTo(5));
  await journal[Symbol.asyncDispose]();
  using db = new DatabaseSync(path);
  const triggers = db.prepare("select name from sqlite_schema where type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`drop trigger ${String(name)}`);
}

/** Changes the closed journal through a separate connection, without the triggers and without foreign keys. */
const tamper =
  (sql: string, ...parameters: string[]) =>
  (path: string) => {
    using db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    db.prepare(sql).run(...parameters);
  };

/** Flips a bit of the third event of one run, in the file: `offset` bytes from the start of its text. */
async function flipBit(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  const place = bytes.indexOf('{"at":1700000000003,"count":3') + offset;
  bytes.writeUInt8(bytes.readUInt8(place) ^ 4, place);
  await writeFile(path, bytes);
}

const forged = seal({ ...start(run), seq: 2 }, someGuard, '{"at":1,"count":9,"type":"counted","v":1}');

describe('verify finds, with the run and the position of the first fault,', () => {
  const only = `run = '${run}'`;
  test.each([
    { fault: 'an entry deleted', make: tamper(`delete from entries where ${only} and seq = 3`), seq: 3, entries: 12 },
    {
      fault: 'the first entry deleted',
      make: tamper(`delete from entries where ${only} and seq = 1`),
      seq: 1,
      entries: 10,
    },
    { fault: 'a tail cut off', make: tamper(`delete from entries where ${only} and seq > 3`), seq: 4, entries: 13 },
    { fault: 'all entries deleted', make: tamper(`delete from entries where ${only}`), seq: 1, entries: 10 },
    { fault: 'the head deleted', make: tamper(`delete from heads where ${only}`), seq: 5, entries: 15 },
    { fault: 'the head set back', make: tamper(`update heads set seq = 4 where ${only}`), seq: 5, entries: 15 },
    {
      fault: 'an event changed',
      make: tamper(`update entries set event = replace(event, '"count":3', '"count":7') where ${only}`),
      seq: 3,
      entries: 12,
    },
    {
      fault: 'white space put into an event',
      make: tamper(`update entries set event = event || ' ' where ${only} and seq = 2`),
      seq: 2,
      entries: 11,
    },
    {
      fault: 'an entry replaced by one with a hash of its own',
      make: tamper(
        `update entries set event = ?, prev = ?, hash = ? where ${only} and seq = 3`,
        forged.event,
        forged.prev,
        forged.hash,
      ),
      seq: 3,
      entries: 12,
    },
    {
      fault: 'two entries exchanged',
      make: tamper(
        `update entries set seq = case seq when 2 then 103 when 3 then 102 end where ${only} and seq in (2, 3)`,
      ),
      also: tamper(`update entries set seq = seq - 100 where seq > 100`),
      seq: 2,
      entries: 11,
    },
  ])('$fault', async ({ make, also, seq, entries }) => {
    await using folder = await tempFolder();
    await defenceless(folder.journal);
    make(folder.journal);
    also?.(folder.journal);
    const expected = { runs: 3, entries, faults: [expect.objectContaining({ run, seq })] };
    const reader = await openJournalReader(folder.journal);
    expect(await reader.verify()).toEqual(expected);
  });

  test.each([
    { place: 'a number', offset: 6 },
    { place: 'the first brace, so that it is not JSON any more,', offset: 0 },
  ])('one bit flipped in $place of an event in the file', async ({ offset }) => {
    await using folder = await tempFolder();
    await defenceless(folder.journal);
    await flipBit(folder.journal, offset);
    const reader = await openJournalReader(folder.journal);
    const { faults } = await reader.verify();
    expect(faults).toEqual([expect.objectContaining({ seq: 3, wanted: expect.stringMatching(/as recorded$/) })]);
  });

  test('verify reports one fault for each broken run', async () => {
    await using folder = await tempFolder();
    await defenceless(folder.journal);
    tamper(`delete from entries where run <> '${sound}' and seq in (2, 4)`)(folder.journal);
    const reader = await openJournalReader(folder.journal);
    const { runs, entries, faults } = await reader.verify();
    expect({ runs, entries }).toEqual({ runs: 3, entries: 7 });
    expect(faults).toMatchObject([
      { run, seq: 2, found: 'entry 3 after entry 1', wanted: 'entry 2' },
      { run: last, seq: 2, found: 'entry 3 after entry 1', wanted: 'entry 2' },
    ]);
  });
});

test('pages torn out of the file are reported as damage', async () => {
  await using folder = await tempFolder();
  await defenceless(folder.journal);
  const bytes = await readFile(folder.journal);
  await writeFile(folder.journal, bytes.fill(0xff, 4_096, 8_192));
  const reader = await openJournalReader(folder.journal);
  const refusal = await reader.verify().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(JournalRefused);
  expect(refusal).toMatchObject({ message: expect.stringMatching(/is damaged: Failed to read ptrmap/) });
});

test.each([
  { act: 'changed', sql: `update entries set event = '{}' where seq = 2` },
  { act: 'deleted', sql: 'delete from entries where seq = 3' },
  {
    act: 'replaced',
    sql: `insert or replace into entries (run, seq, event, prev, hash) values ('${run}', 2, '{}', '', '')`,
  },
])('the database itself prevents an entry from being $act', async ({ act, sql }) => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await journal.append(run, 0, countedTo(3));
  using db = new DatabaseSync(folder.journal);
  expect(() => db.exec(sql)).toThrow(`the journal is append-only: entries are never ${act}`);
});
