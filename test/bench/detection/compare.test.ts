import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';

import { readOptions } from '../../../bench/detection/options.ts';
import { rules } from '../../../bench/detection/rules.ts';

const command = fileURLToPath(new URL('../../../bench/detection/compare.ts', import.meta.url));
const compare = (...args: readonly string[]) => execa(process.execPath, [command, ...args], { reject: false });

/** Small, so that it takes two seconds. */
const small = ['--quick', '--watches', '2', '--only', 'gatus,naive-mean', '--laws', 'gamma-4,lognormal-0.3'];

test('it prints tables and progress, writes what it found, and finds the same again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-detection-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [first, second] = await Promise.all([
    compare(...small, '--out', join(folder, 'a')),
    compare(...small, '--out', join(folder, 'b')),
  ]);
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toContain('| Gatus, 3 in a row');
  expect(first.stdout).not.toContain('| Flagger');
  expect(first.stderr).toMatch(/\d+ of \d+ tasks, \d+ s$/);
  expect(second.stdout).toBe(first.stdout);
  const files = await readdir(join(folder, 'a'));
  expect(files).toEqual(['detection-curve.svg', 'detection-plane.svg', 'detection-results.json', 'detection.md']);
  for (const file of files) {
    const [a, b] = await Promise.all(['a', 'b'].map((name) => readFile(join(folder, name, file), 'utf8')));
    expect(b).toBe(a);
  }
});

test('another seed gives other figures', async () => {
  const [first, second] = await Promise.all([compare(...small), compare(...small, '--seed', 'other')]);
  expect(second.stdout).not.toBe(first.stdout);
});

test.each([
  { args: ['--only', 'nagios'], says: 'compare: --only nagios: wanted some of ripcord,' },
  { args: ['--laws', 'weibull'], says: 'compare: --laws weibull: wanted some of lognormal-0.1,' },
  { args: ['--watches', 'many'], says: 'compare: --watches many: wanted a whole number from 1' },
  { args: ['--fast'], says: "compare: Unknown option '--fast'" },
])('it refuses $args', async ({ args, says }) => {
  const { exitCode, stderr } = await compare(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(says);
});

describe('where results go', () => {
  test.each([
    { args: [], out: 'docs' },
    { args: ['--quick'], out: undefined },
    { args: ['--only', 'gatus'], out: undefined },
    { args: ['--laws', 'gamma-4'], out: undefined },
    { args: ['--quick', '--out', 'here'], out: 'here' },
  ])('$args: $out', ({ args, out }) => {
    expect(readOptions(args).out).toBe(out);
  });
});

test('no two rules share a name or a title', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
  expect(new Set(rules.map(({ title }) => title)).size).toBe(rules.length);
});
