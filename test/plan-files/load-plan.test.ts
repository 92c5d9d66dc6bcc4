import { execFileSync } from 'node:child_process';
import { mkdtempDisposable, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { loadPlan, planLoader, PlanRefused, whatWasEdited } from '../../src/plan-files/load-plan.ts';
import { changed, goodPlan } from '../core/plan/a-plan.ts';

async function planIn(text: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'ripcord-plan-'));
  const file = join(folder.path, 'ripcord.yaml');
  await writeFile(file, text);
  return { file, secret: join(folder.path, 'url'), [Symbol.asyncDispose]: () => folder.remove() };
}

const withFile = changed(goodPlan, 'url: postgres://guard@db.example/demo', 'url_file: url');

function refusal(load: () => unknown): PlanRefused {
  try {
    load();
  } catch (error) {
    if (error instanceof PlanRefused) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test.each([
  { what: 'a pipe', make: async (path: string) => void execFileSync('mkfifo', [path]) },
  { what: 'a device', make: (path: string) => symlink('/dev/zero', path) },
])('a plan that becomes $what is refused, and a guard at work says so', async ({ make }) => {
  await using plan = await planIn(goodPlan);
  const loaded = loadPlan(plan.file, undefined);
  await rm(plan.file);
  await make(plan.file);
  expect(() => loadPlan(plan.file, undefined)).toThrow(/cannot be read: it is not a regular file; wanted the plan, a/);
  expect(whatWasEdited(loaded)).toEqual([expect.stringMatching(/it is not a regular file; the guard continues with/)]);
});

test('a pipe in the place of a file with a secret is a fault at its key', async () => {
  await using plan = await planIn(withFile);
  execFileSync('mkfifo', [plan.secret]);
  const { message } = refusal(() => loadPlan(plan.file, undefined));
  expect(message).toMatch(
    /target\.url_file: found a file at "url" that cannot be read: it is not a regular file, wanted a file/,
  );
});

test('a plan is parsed again only if its text, or a file that it names, has changed', async () => {
  await using plan = await planIn(withFile);
  const load = planLoader(plan.file, undefined);
  const missing = refusal(load);
  expect(refusal(load).faults).toBe(missing.faults);
  await writeFile(plan.secret, 'postgres://guard@db.example/demo');
  const loaded = load();
  expect(load().plan).toBe(loaded.plan);
  await writeFile(plan.secret, 'postgres://guard@db.example/other');
  const [environment] = Object.values(load().plan.environments);
  expect(environment?.target.url).toBe('postgres://guard@db.example/other');
  await writeFile(plan.file, 'a: [');
  const broken = refusal(load);
  expect(refusal(load).faults).toBe(broken.faults);
  await writeFile(plan.file, withFile);
  expect(load().plan.name).toBe('demo');
});
