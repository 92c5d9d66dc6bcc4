import { expect, test } from 'vitest';

import type { Outlook } from '../../src/api/guard.ts';
import { phaseId, principalId, stepId } from '../../src/core/kernel/ids.ts';
import { minutes } from '../../src/core/kernel/units.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';

const step = { step: stepId('restore/bring-back'), kind: 'command', does: 'bring-back', repeatable: false } as const;
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
