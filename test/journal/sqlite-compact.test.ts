import { stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';

import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import type { GuardJournal } from '../../src/journal/under-lease.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { openLeased } from '../support/leased.ts';
import { counted, run, tempFolder } from './folder.ts';

const probe = probeId('search');
const minutes = 4_000;

/** About 8 MB of readings, all but the last few of which are deleted again. */
async function fillAndPrune(journal: GuardJournal, kept: number): Promise<void> {
  await journal.append(run, 0, [counted(1)]);
  const body = new Uint8Array(2_000);
  await journal.writeReadings(
    Array.from({ length: minutes }, (_, minute) => ({ run, probe, minute: instant(minute * 60_000), body })),
  );
  await journal.pruneReadings(instant((minutes - kept) * 60_000));
}

async function compactWhole(journal: Pick<GuardJournal, 'compact'>): Promise<readonly number[]> {
  const given: number[] = [];
  for (let part = await journal.compact(); part > 0; part = await journal.compact()) given.push(part);
  return given;
}

test('a journal shrinks to its contents, in parts of at most 400 KB', async () => {
  await using folder = await tempFolder();
  {
    await using journal = await openLeased(folder.journal);
    await fillAndPrune(journal, 100);
    const parts = await compactWhole(journal);
    expect(parts.length).toBeGreaterThan(10);
    expect(Math.max(...parts)).toBeLessThan(450_000);
  }
  expect((await stat(folder.journal)).size).toBeLessThan(1_000_000);
  await using again = await openJournal(folder.journal);
  expect(await again.readReadings(run, probe, instant(0), instant(1e12))).toHaveLength(100);
  expect(await again.verify()).toEqual({ runs: 1, entries: 1, faults: [] });
});

test('a tenth of the file may stay free for the readings of the next days', async () => {
  await using folder = await tempFolder();
  await using journal = await openLeased(folder.journal);
  await fillAndPrune(journal, minutes * 0.95);
  expect(await journal.compact()).toBe(0);
});

test('a journal created without incremental vacuum stays as it is until a person converts it', async () => {
  await using folder = await tempFolder();
  const withFile = (statement: string) => {
    using db = new DatabaseSync(folder.journal);
    db.exec(statement);
  };
  await openJournal(folder.journal).then((journal) => journal[Symbol.asyncDispose]());
  withFile('pragma auto_vacuum = none; vacuum');
  {
    await using journal = await openLeased(folder.journal);
    await fillAndPrune(journal, 100);
    expect(await journal.compact()).toBe(0);
  }
  withFile('pragma auto_vacuum = incremental; vacuum');
  await using journal = await openJournal(folder.journal);
  expect((await stat(folder.journal)).size).toBeLessThan(1_000_000);
  expect(await journal.verify()).toEqual({ runs: 1, entries: 1, faults: [] });
});
