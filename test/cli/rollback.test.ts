import { expect, test } from 'vitest';

import type { DryRun } from '../../src/rollback/dry-run.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import { dryRun, step } from './answers.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const { fences: _, ...unfenced } = dryRun;

test.each<{ readonly when: string; readonly dryRun: DryRun; readonly first: readonly string[] }>([
  {
    when: 'it takes two people and fences a role',
    dryRun,
    first: [
      'needs 2 approvals, from: dana and omar',
      'the guard stops forward work first, as far as it can see it',
      'migrator cannot log in during the rollback',
    ],
  },
  {
    when: 'one person is enough, and no role is fenced',
    dryRun: { ...unfenced, needs: { approvals: 1, from: [] } },
    first: ['the guard stops forward work first, as far as it can see it'],
  },
  {
    when: 'the plan has not the people',
    dryRun: { ...unfenced, needs: { approvals: 2, from: [] } },
    first: [
      'needs 2 approvals, from: people whom the plan does not list',
      'the guard stops forward work first, as far as it can see it',
    ],
  },
])('what a restore would do first, when $when', async ({ dryRun: body, first }) => {
  await using daemon = await stub({ 'GET /api/v1/runs/current/rollback?restore=true': { body } });
  const { out } = await ripcord(['rollback', '--restore', '--dry-run'], daemon.env);
  expect(out).toContain(`\nFirst\n${first.map((line) => `  ${line}`).join('\n')}\n\nThen\n`);
});

test('each step is shown with its inputs, questions and results, and the remaining time of the running phase', async () => {
  const given = {
    ...step,
    title: 'Dispatch the restore',
    details: ['with Authorization: Bearer [secret]', 'sends {"ref":"main"}'],
    tier: 2,
    timeout: minutes(30),
    estimate: minutes(10),
    precondition: { asks: '"select 1" gives some rows', holds: 'yes', saw: '1 row' },
    proof: { asks: 'db:5432 accepts connections', holds: 'no', saw: 'connection refused' },
  } as const;
  const body: DryRun = { ...dryRun, steps: [given], estimate: minutes(70), remaining: minutes(45) };
  await using daemon = await stub({ 'GET /api/v1/runs/current/rollback': { body } });
  const { out } = await ripcord(['rollback', '--dry-run'], daemon.env);
  expect(out).toContain('Would undo security-lockdown: about 1h 10m; the running phase would take 45m more.');
  const lines = out.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
  expect(lines.slice(lines.indexOf('Then') + 1)).toEqual([
    'restore/bring-back | about 10m, at most 30m | once | Dispatch the restore: tier 2:',
    'bring-back',
    'with Authorization: Bearer [secret]',
    'sends {"ref":"main"}',
    'precondition now | holds | "select 1" gives some rows: 1 row',
    'proof now | does not hold | db:5432 accepts connections: connection',
    'refused',
    '',
    'To order it',
    'ripcord rollback --revision 41 --reason "..."',
  ]);
});
