import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { millis } from '../../src/core/kernel/units.ts';
import { systemClock } from '../../src/system/clock.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { stepOutputIn } from '../../src/rollback/step-output.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'ripcord-output-'))));
afterEach(() => rm(folder, { recursive: true }));

const kept = (failures: unknown[] = []) =>
  stepOutputIn(join(folder, 'journal.db-step'), (error) => failures.push(error));
const whole = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test('the next daemon finds the output of a step by the tag of its attempt, until the output is deleted', async () => {
  const [mine, next] = [kept(), kept()];
  mine.keep('first', () => 'one\n');
  mine.keep('first', () => 'one\ntwo\n');
  await expect.poll(() => next.left('first')).toBe('one\ntwo\n');
  expect(await next.left('another')).toBe('');
  expect((await stat(join(folder, 'journal.db-step'))).mode & 0o777).toBe(0o600);
  await next.forget();
  expect([await next.left('first'), await readdir(folder)]).toEqual(['', []]);
});

test('deleting waits for a write in progress and leaves nothing behind', async () => {
  const one = kept();
  one.keep('tag', () => 'x'.repeat(100_000));
  one.keep('tag', () => 'y');
  await one.forget();
  expect(await readdir(folder)).toEqual([]);
});

test('if the output cannot be saved, the step continues and the failure is reported', async () => {
  const failures: unknown[] = [];
  const one = stepOutputIn(join(folder, 'no', 'such', 'folder'), (error) => failures.push(error));
  for (let chunk = 0; chunk < 3; chunk += 1) {
    one.keep('tag', () => 'lost');
    await one.forget();
  }
  expect(failures).toMatchObject([{ code: 'ENOENT' }]); // once
  expect(await one.left('tag')).toBe('');
});

test('a file with other content is not output of this step', async () => {
  await writeFile(join(folder, 'journal.db-step'), Buffer.from([0xff, 0xfe, 0, 10]));
  expect(await kept().left('tag')).toBe('');
});

test('if the guard is killed while a command runs, the end of its output is kept, without secrets', async () => {
  const path = join(folder, 'journal.db-step');
  const child = spawn(process.execPath, [whole('dies-during-a-step.ts'), path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [, signal] = await once(child, 'exit');
  await endProcesses({ groups: [], tags: ['ripcord-step-dies'], grace: millis(0), clock: systemClock() });
  expect(signal).toBe('SIGKILL');
  expect(await readFile(path, 'utf8')).toBe('ripcord-step-dies\nrestoring with [secret]\n3 of 7 tables are back\n');
});
