import { expect, test } from 'vitest';

import type { Outlook } from '../../src/api/guard.ts';
import { phaseId, principalId, stepId } from '../../src/core/kernel/ids.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const step = {
  step: stepId('restore/bring-back'),
  kind: 'command',
  does: 'bring-back',
  details: [],
  repeatable: false,
} as const;
const outlook: Outlook = {
  phases: [phaseId('security-lockdown')],
  steps: [{ ...step, timeout: minutes(30) }],
  needs: { approvals: 2, from: ['dana', 'omar'].map(principalId) },
  fences: 'migrator',
  loses: [],
  obstacles: [],
};
const { fences: _, ...unfenced } = outlook;

test.each<{ readonly when: string; readonly outlook: Outlook; readonly first: readonly string[] }>([
  {
    when: 'it takes two people and fences a role',
    outlook,
    first: [
      'takes 2 approvals, from: dana and omar',
      'forward work is ended and proved gone',
      'migrator cannot log in meanwhile',
    ],
  },
  {
    when: 'one person is enough, and no role is fenced',
    outlook: { ...unfenced, needs: { approvals: 1, from: [] } },
    first: ['forward work is ended and proved gone'],
  },
  {
    when: 'the plan has not the people',
    outlook: { ...unfenced, needs: { approvals: 2, from: [] } },
    first: ['takes 2 approvals, from: somebody whom the plan does not have', 'forward work is ended and proved gone'],
  },
])('what a restore would do first, when $when', async ({ outlook: body, first }) => {
  await using daemon = await stub({ 'GET /api/v1/runs/current/rollback?restore=true': { body } });
  const { out } = await ripcord(['rollback', '--restore', '--dry-run'], daemon.env);
  expect(out).toContain(`\nFirst\n${first.map((line) => `  ${line}`).join('\n')}\n\nThen\n`);
});

test('each step is shown with all that it is given, asks and sees now, and how long the running phase would take', async () => {
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
  const body: Outlook = { ...outlook, steps: [given], estimate: minutes(70), remaining: minutes(45) };
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
  ]);
});
