import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { hashOf } from '../../src/core/kernel/hash.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const run = 'run-20261122-020000';
const withPassword = changed(goodPlan, 'guard@', 'guard:hunter22@');
const plans = (...texts: readonly string[]) => ({
  run,
  plans: texts.map((text) => ({
    at: '2026-11-22T02:00:00Z',
    hash: hashOf(text),
    text: text.replace('hunter22', '(secret)'),
    settings: {},
  })),
});

let dir: Awaited<ReturnType<typeof folder>>;
beforeAll(async () => void (dir = await folder()));
afterAll(() => dir[Symbol.asyncDispose]());

/** The output of `ripcord run plan` with these recorded plans and this file. */
async function shown(file: string, recorded: readonly string[], ...more: readonly string[]) {
  await using daemon = await stub({ [`GET /api/v1/runs/${run}/plan`]: { body: plans(...recorded) } });
  const path = join(dir.path, 'ripcord.yaml');
  await writeFile(path, file);
  const said = await ripcord(['run', 'plan', run, '--plan', path, ...more], daemon.env);
  return { ...said, out: said.out.replaceAll(path, 'FILE') };
}

test('the latest plan of the run is printed as recorded', async () => {
  const { exitCode, out } = await shown(goodPlan, ['name: an earlier one', withPassword]);
  expect([exitCode, out]).toEqual([0, withPassword.replace('hunter22', '(secret)').trimEnd()]);
});

test('--json prints all plans of the run', async () => {
  const { out } = await shown(goodPlan, ['name: an earlier one', goodPlan], '--json');
  expect(JSON.parse(out)).toEqual(plans('name: an earlier one', goodPlan));
});

const slower = changed(goodPlan, 'estimate: 10m\n', 'estimate: 11m\n');

test.each([
  { file: goodPlan, recorded: goodPlan, says: /^FILE is the plan of run-20261122-020000: sha256:\w+$/, exitCode: 0 },
  {
    file: withPassword.replace('hunter22', 'hunter23'),
    recorded: withPassword,
    says: /^FILE differs from the plan of run-\S+ only in a secret written in it$/,
    exitCode: 1,
  },
  {
    file: slower,
    recorded: goodPlan,
    says: /--- run-\S+ at 2026-11-22T02:00:00Z\n\+\+\+ FILE\n@@ -\d+,\d+ \+\d+,\d+ @@[^]*\n-    estimate: 10m\n\+    estimate: 11m\n/,
    exitCode: 1,
  },
])('--diff says $says', async ({ file, recorded, says, exitCode }) => {
  const said = await shown(file, [recorded], '--diff');
  expect(said.out).toMatch(says);
  expect(said.exitCode).toBe(exitCode);
});

test('an invalid plan file is not shown, because its secrets are unknown', async () => {
  const { exitCode, out, err } = await shown('password: hunter22', [goodPlan], '--diff');
  expect([exitCode, out]).toEqual([2, '']);
  expect(err).not.toContain('hunter22');
});

test('a run without a recorded plan says so', async () => {
  const { exitCode, err } = await shown(goodPlan, []);
  expect(exitCode).toBe(3);
  expect(err).toContain(`the journal of ${run} holds no plan`);
});
