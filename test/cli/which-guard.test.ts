import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { pathOf } from '../../src/cli/which-guard.ts';
import { goodPlan } from '../core/plan/a-plan.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { problem, stub } from './stub.ts';
import { working } from './views.ts';

test.each([
  { given: {}, path: 'runs/current/hold', is: 'runs/current/hold' },
  { given: { run: 'run-1' }, path: 'runs/current/hold', is: 'runs/run-1/hold' },
  { given: { run: 'run-1' }, path: 'runs/current', is: 'runs/run-1' },
  { given: { run: 'run-1' }, path: 'runs/currents', is: 'runs/currents' },
  { given: { plan: 'move', target: 'staging' }, path: 'runs', is: 'runs?plan=move&target=staging' },
  { given: { plan: 'a b&c' }, path: 'runs/current/rollback?phase=x', is: 'runs/current/rollback?phase=x&plan=a+b%26c' },
])('$path with $given is $is', ({ given, path, is }) => expect(pathOf(path, given)).toBe(is));

test('a guard is named by its plan’s name, or by a file with that plan', async () => {
  await using files = await folder();
  const file = join(files.path, 'ripcord.yaml');
  await writeFile(file, goodPlan);
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: working } });
  for (const plan of ['demo', file])
    await ripcord(['run', 'status', '--plan', plan, '--target', 'staging'], daemon.env);
  expect(daemon.heard.map(({ guard }) => guard)).toEqual(Array.from({ length: 2 }, () => 'plan=demo&target=staging'));
});

test.each([
  { what: 'is not there', text: undefined, says: /cannot be read/ },
  { what: 'names no plan', text: 'phases: []', says: /names no plan; wanted a plan with a name/ },
])('a file that $what is refused without a request', async ({ text, says }) => {
  await using files = await folder();
  const file = join(files.path, 'ripcord.yaml');
  if (text !== undefined) await writeFile(file, text);
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: working } });
  const { exitCode, err } = await ripcord(['run', 'status', '--plan', file], daemon.env);
  expect([exitCode, daemon.heard]).toEqual([2, []]);
  expect(err).toMatch(says);
});

test('an ambiguous command lists the choices', async () => {
  await using daemon = await stub({
    'GET /api/v1/runs/current': problem(
      409,
      'ambiguous',
      '2 guards could be meant: move in prod (run-1); move in staging (run-2)',
    ),
  });
  const { exitCode, err } = await ripcord(['run', 'status'], daemon.env);
  expect(exitCode).toBe(1);
  expect(err).toContain('move in prod (run-1); move in staging (run-2)');
});

const listed = {
  guards: [
    {
      plan: 'move',
      target: 'prod',
      ready: true,
      because: [],
      run: { run: 'run-1', stage: 'open', mode: 'armed', openedAt: 1 },
    },
    { plan: 'move', target: 'staging', ready: false, because: ['the target does not answer'] },
  ],
};

test('guards are listed with their state; exits with 3 if one cannot work', async () => {
  await using daemon = await stub({ 'GET /api/v1/guards': { body: listed } });
  const { exitCode, out } = await ripcord(['guards'], daemon.env);
  expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['move in prod', 'run-1: open, armed', 'ready'],
    ['move in staging', 'no run', 'the target does not answer'],
  ]);
  expect(exitCode).toBe(3);
  expect(JSON.parse((await ripcord(['guards', '--json'], daemon.env)).out)).toEqual(listed);
});
