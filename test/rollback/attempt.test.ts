import { expect, test } from 'vitest';

import { rollbackId, stepId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { evolveRollback, type Rollback } from '../../src/core/response/rollback.ts';
import { phaseTag } from '../../src/core/run/phase-tags.ts';
import { attemptTag, idempotencyKey } from '../../src/rollback/attempt.ts';
import { recommendation, schema, start } from '../support/builders.ts';
import { Night } from '../support/night.ts';
import { common } from './surroundings.ts';

const step = { ...common, kind: 'command', command: ['undo'] } as const;
const begun = (startedAt: number): Rollback => {
  const procedure = { kind: 'phase-rollback', phases: [schema], steps: [step] } as const;
  const of = { v: 1, at: instant(startedAt), rollback: rollbackId('r1-rollback') } as const;
  const by = { recommendation: recommendation(1), trigger: 'ordered', by: 'dana' } as const;
  return evolveRollback(undefined, { ...of, ...by, type: 'rollback-started', procedure }, 1) as Rollback;
};
const stateOf = (rollback: Rollback) => rollback.steps[0]!;

test('two guards on one host with the same rollback id do not mistake each other’s steps for their own', () => {
  const [ours, theirs] = [begun(start), begun(start + 1)];
  expect(attemptTag(ours, step, 1)).not.toBe(attemptTag(theirs, step, 1));
  expect(idempotencyKey(ours, stateOf(ours))).not.toBe(idempotencyKey(theirs, stateOf(theirs)));
  expect(attemptTag(ours, step, 1)).toBe(attemptTag(begun(start), step, 1)); // as after a restart
});

test('each attempt has its own tag; the key stays the same until a person says that the step must run again', () => {
  const rollback = begun(start);
  const names = [1, 2].map((attempt) => attemptTag(rollback, step, attempt));
  expect(new Set([...names, attemptTag(rollback, { ...step, id: stepId('other') }, 1)]).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^ripcord-step-[0-9a-f]{24}$/);
  const once = stateOf(rollback);
  expect(idempotencyKey(rollback, { ...once, attempt: 2 })).toBe(idempotencyKey(rollback, once));
  expect(idempotencyKey(rollback, { ...once, agains: 1 })).not.toBe(idempotencyKey(rollback, once));
});

test('phases of runs with the same name on two targets have different tags', () => {
  const { state } = new Night();
  const elsewhere = { ...state, target: { ...state.target, database: 'another' } };
  expect(phaseTag(state, schema, 1)).not.toBe(phaseTag(elsewhere, schema, 1));
  expect(phaseTag({ ...state, openedAt: instant(start + 1) }, schema, 1)).not.toBe(phaseTag(state, schema, 1));
});
