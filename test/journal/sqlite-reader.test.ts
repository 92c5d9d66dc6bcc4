import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { JournalRefused } from '../../src/journal/errors.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { startChild } from './children.ts';
import { openLeased } from '../support/leased.ts';
import { counted, countedTo, run, tempFolder } from './folder.ts';

const probe = probeId('control');

test.each([{ path: 'journal.db' }, { path: 'no/such/folder/journal.db' }])(
  'reading a missing $path is refused and creates nothing',
  async ({ path }) => {
    await using folder = await tempFolder();
    const refusal = await openJournalReader(join(folder.path, path)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(JournalRefused);
    expect(refusal).toMatchObject({ message: expect.stringContaining('there is no journal at'), exitCode: 2 });
    expect(await readdir(folder.path)).toEqual([]);
  },
);

test('a reader sees what a running daemon appends, run by run, and keeps nobody out', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await using reader = await openJournalReader(folder.journal);
  expect(await reader.runs()).toEqual([]);
  await journal.append(run, 0, countedTo(3));
  const body = Uint8Array.of(1, 2, 3);
  await journal.writeReadings([{ run, probe, minute: instant(60_000), body }]);
  expect(await reader.read(run, 1)).toEqual(await journal.read(run, 1));
  expect(await reader.runs()).toEqual(await journal.runs());
  expect(await reader.readReadings(run, probe, instant(0), instant(60_000))).toEqual([
    { run, probe, minute: 60_000, body },
  ]);
  expect(await reader.verify()).toEqual({ runs: 1, entries: 3, faults: [] });
});

test('reading a journal that nobody has open leaves no file behind', async () => {
  await using folder = await tempFolder();
  {
    await using journal = await openLeased(folder.journal);
    await journal.append(run, 0, countedTo(3));
  }
  const before = await readdir(folder.path);
  expect(before.toSorted()).toEqual(['journal.db', 'journal.db-head', 'journal.db-lock']);
  await using reader = await openJournalReader(folder.journal);
  expect(await reader.read(run)).toHaveLength(3);
  expect(await reader.verify()).toMatchObject({ entries: 3, faults: [] });
  expect(await readdir(folder.path)).toEqual(before);
});

test('what a killed daemon left in its log is read', async () => {
  await using folder = await tempFolder();
  await using daemon = startChild('append', folder.journal);
  await daemon.said();
  daemon.tell('go');
  while (Number(await daemon.said()) < 20);
  const acknowledged = Number(await daemon.kill());
  await using reader = await openJournalReader(folder.journal);
  const { entries, faults } = await reader.verify();
  expect(faults).toEqual([]);
  expect(entries).toBeGreaterThanOrEqual(acknowledged);
});

test('a reader notices that a daemon wrote to a file that seemed at rest', async () => {
  await using folder = await tempFolder();
  {
    await using journal = await openLeased(folder.journal);
    await journal.append(run, 0, countedTo(3_000));
  }
  await using reader = await openJournalReader(folder.journal);
  const verified = reader.verify(); // starts on the file at rest, and pauses between batches
  {
    await using journal = await openLeased(folder.journal);
    await journal.append(run, 3_000, [counted(3_001)]);
  }
  expect((await verified).faults).toEqual([]);
  expect(await reader.read(run, 3_000)).toMatchObject([{ event: { count: 3_001 } }]);
});
