import { execFile } from 'node:child_process';
import { copyFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { guardId, runId } from '../../src/core/kernel/ids.ts';
import { reportFiles } from '../../src/consumers/report-file.ts';
import { openJournal } from '../../src/journal/sqlite/open.ts';
import { tempFolder } from '../journal/folder.ts';
import { claimed } from '../support/leased.ts';
import { memoryStore } from './store.ts';
import { eventOf, guard, reportOf, runs } from './run-of-reports.ts';

const program = fileURLToPath(new URL('./dying.ts', import.meta.url));

/** A journal of short runs, with the events of all runs one after the other. */
async function written(path: string): Promise<void> {
  await using journal = await openJournal(path);
  const lease = await claimed(journal, guard);
  for (const [name, types] of Object.entries(runs))
    for (const [seq, type] of types.entries()) await journal.append(runId(name), seq, lease, [eventOf(type)]);
  const other = await claimed(journal, guardId('plan', 'staging'));
  await journal.append(runId('run-4'), 0, other, ['run-opened', 'run-closed'].map(eventOf));
}

async function reportsIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder).catch(() => []);
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** Runs the consumer until it dies at its `nth` I/O operation, or has finished. */
async function untilDeath(journal: string, reports: string, nth: number): Promise<'died' | 'done'> {
  const running = promisify(execFile)(process.execPath, [program, journal, reports, String(nth)]);
  return running.then(
    () => 'done' as const,
    ({ signal, stderr }: { readonly signal: string; readonly stderr: string }) => {
      if (signal !== 'SIGKILL') throw new Error(stderr);
      return 'died' as const;
    },
  );
}

test('after kill -9 at any moment it continues: every report is written, and none is ever partial', async () => {
  await using folder = await tempFolder();
  await written(folder.journal);
  let nth = 0;
  for (let outcome: 'died' | 'done' = 'died'; outcome === 'died'; nth += 1) {
    const [copy, reports] = [join(folder.path, `${nth}.db`), join(folder.path, `reports-${nth}`)];
    await copyFile(folder.journal, copy);
    outcome = await untilDeath(copy, reports, nth);
    const left = Object.entries(await reportsIn(reports)).filter(([name]) => !name.endsWith('-new'));
    for (const [, text] of left) expect(text).toMatch(/^begin\n[^]*\nend$/);
    expect(await untilDeath(copy, reports, 1_000)).toBe('done');
    await using journal = await openJournal(copy);
    expect(await reportsIn(reports)).toEqual({
      [`${guard}-run-1.md`]: await reportOf(journal, runId('run-1')),
      [`${guard}-run-2.md`]: await reportOf(journal, runId('run-2')),
    });
  }
  expect(nth - 1).toBe(4 * 6); // for each of four events: handled, acknowledged and passed, with a death before and after each
}, 120_000);

test('reports are readable by this user only, and replace the previous one', async () => {
  await using folder = await tempFolder();
  const reports = join(folder.path, 'deep', 'reports');
  let text = 'first';
  const { handle, wants } = reportFiles({ guard, folder: reports, report: async () => text });
  const { store, add } = memoryStore();
  add('run-1', ['run-closed', 'run-held']);
  const [entry, other] = await store.readFrom(0 as never, 2);
  expect([wants(entry!), wants(other!)]).toEqual([true, false]);
  for (text of ['a longer first one', 'second']) await handle(entry!, 'key');
  expect(await reportsIn(reports)).toEqual({ [`${guard}-run-1.md`]: 'second' });
  expect(((await stat(reports)).mode & 0o777).toString(8)).toBe('700');
  expect(((await stat(join(reports, `${guard}-run-1.md`))).mode & 0o777).toString(8)).toBe('600');
});

test('runs of the same name, of guards whose journals are in one folder, have a report each', async () => {
  await using folder = await tempFolder();
  const guards = [guard, guardId('search', 'production'), guardId('search', 'staging')];
  const { store, add } = memoryStore();
  add('run-1', ['run-closed']);
  const [entry] = await store.readFrom(0 as never, 1);
  for (const each of guards)
    await reportFiles({ guard: each, folder: folder.path, report: async () => `of ${each}` }).handle(entry!, 'key');
  expect(await reportsIn(folder.path)).toEqual(
    Object.fromEntries(guards.map((each) => [`${each}-run-1.md`, `of ${each}`])),
  );
});

test('an unwritable folder is an error, and the report is tried again', async () => {
  await using folder = await tempFolder();
  const reports = join(folder.path, 'reports');
  await writeFile(reports, 'a file');
  const { handle } = reportFiles({ guard, folder: reports, report: async () => 'text' });
  const { store, add } = memoryStore();
  add('run-1', ['run-closed']);
  const [entry] = await store.readFrom(0 as never, 1);
  await expect(handle(entry!, 'key')).rejects.toThrow(/EEXIST|ENOTDIR/);
});
