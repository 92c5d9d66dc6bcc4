import { copyFile, readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { guardId, runId } from '../../src/core/kernel/ids.ts';
import { type Lease } from '../../src/journal/lease.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { claimed, openLeased } from '../support/leased.ts';
import { counted, countedTo, run, tempFolder } from './folder.ts';

const [production, staging] = [guardId('plan', 'production'), guardId('plan', 'staging')];

test('opening the file ends all earlier leases, because no other process has it; epochs continue', async () => {
  await using folder = await tempFolder();
  const leases: Lease[] = [];
  for (const owner of ['a', 'b']) {
    const journal = await openJournal(folder.journal);
    leases.push(await claimed(journal, production, owner)); // never releases it, like a killed process
    await journal[Symbol.asyncDispose]();
  }
  expect(leases.map(({ epoch }) => epoch)).toEqual([1, 2]);
  await using journal = await openJournal(folder.journal);
  expect(await journal.renew(leases[1]!)).toEqual({ state: 'lost', epoch: 2 });
});

/** Two guards in one file, the second of which opened its run last. */
async function twoGuards(path: string): Promise<void> {
  await using journal = await openJournal(path);
  const [one, two] = [await claimed(journal, production), await claimed(journal, staging)];
  await journal.append(run, 0, one, countedTo(3));
  await journal.append(runId('run-2'), 0, two, countedTo(2));
  await journal.append(run, 3, one, [counted(4)]);
}

test('the -head lists the newest run of each guard', async () => {
  await using folder = await tempFolder();
  await twoGuards(folder.journal);
  const { heads } = JSON.parse(await readFile(`${folder.journal}-head`, 'utf8')) as { heads: object[] };
  expect(heads).toMatchObject([
    { run: 'run-2', seq: 2, guard: 'plan@staging' },
    { run: 'run-1', seq: 4, guard: 'plan@production' },
  ]);
});

test('an older copy is refused even if only a guard without the newest run has lost entries', async () => {
  await using folder = await tempFolder();
  await twoGuards(folder.journal);
  await copyFile(folder.journal, `${folder.journal}.old`);
  {
    await using journal = await openLeased(folder.journal, production);
    await journal.append(run, 4, [counted(5)]);
  }
  await copyFile(`${folder.journal}.old`, folder.journal);
  await expect(openJournal(folder.journal)).rejects.toThrow('has lost entries of run run-1: no entry after entry 4');
});

test('positions and consumers survive, and are in a backup', async () => {
  await using folder = await tempFolder();
  await twoGuards(folder.journal);
  {
    await using journal = await openJournal(folder.journal);
    const entries = await journal.readFrom(await journal.consumers.positionOf('reports'), 4);
    await journal.consumers.advance('reports', entries[3]!.position);
    await journal.backup(`${folder.journal}.copy`);
  }
  for (const path of [folder.journal, `${folder.journal}.copy`]) {
    await using journal = await openJournal(path);
    const left = await journal.readFrom(await journal.consumers.positionOf('reports'), 10);
    expect(left.map(({ run: of, seq }) => [of, seq])).toEqual([
      ['run-2', 2],
      ['run-1', 4],
    ]);
  }
});
