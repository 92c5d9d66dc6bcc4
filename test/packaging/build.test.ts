import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { build } from '../../tools/build.ts';

const run = promisify(execFile);
let folder: string;
let main: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ripcord-build-'));
  await copyFile('package.json', join(folder, 'package.json'));
  await build(join(folder, 'dist'));
  main = join(folder, 'dist', 'main.js');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the built program runs without any installed package, and knows its version', async () => {
  expect(await readdir(folder)).toEqual(['dist', 'package.json']);
  expect((await run(process.execPath, [main, '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  // Parsing a plan takes most dependencies that print nothing by themselves.
  const validate = run(process.execPath, [main, 'validate', '--plan', join(folder, 'package.json')]);
  await expect(validate).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringContaining('wanted 1, the version of the plan format'),
  });
});

test('the built program starts its threads', async () => {
  const open = pathToFileURL(join(folder, 'dist/journal/sqlite/open.js')).href;
  const script = join(folder, 'script.mjs');
  await writeFile(
    script,
    `const { openJournal } = await import('${open}');
    const journal = await openJournal('${join(folder, 'journal.db')}');
    console.log(JSON.stringify(await journal.runs()));
    await journal[Symbol.asyncDispose]();`,
  );
  const { stdout } = await run(process.execPath, [script]);
  expect(stdout).toBe('[]\n');
});
