import { describe, expect, test } from 'vitest';

import type { PhaseId } from '../../../src/core/kernel/ids.ts';
import { asksFirst, extentOf, isExpected } from '../../../src/core/response/extent.ts';
import { nextStep, phasesToLookAt } from '../../../src/core/response/rollback.ts';
import { aPlan, broken, dana, late, place, schema, security } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

/** Both phases are applied, and somebody orders a rollback from this phase on. */
function ordered(from: PhaseId, plan = aPlan()): Night {
  const night = new Night(plan).baseline();
  for (const phase of [security, schema]) {
    night.start(phase);
    night.finish(phase);
  }
  night.give({ kind: 'order', by: dana, reason: 'no', phase: from });
  return night;
}

const undo = (name: string) => ({ command: ['node', name, '--rollback'], estimate: '5m' });

describe('how far a phase got', () => {
  const begun = { finished: false, expected: false, neverBegan: false };
  const finished = { ...begun, finished: true };
  const neverBegan = { ...begun, neverBegan: true };
  test.each([
    { outcome: 'different', applied: finished, came: { extent: 'wholly' } },
    { outcome: 'different', applied: begun, came: { extent: 'partly' } },
    { outcome: 'different', applied: neverBegan, came: { extent: 'partly' } },
    { outcome: 'same', applied: finished, came: { extent: 'unknown' } },
    { outcome: 'same', applied: { ...begun, expected: true }, came: { extent: 'unknown' } },
    { outcome: 'same', applied: begun, came: { extent: 'unknown', seen: 'no-difference' } },
    { outcome: 'same', applied: neverBegan, came: { extent: 'not-at-all' } },
    { outcome: 'unknown', applied: neverBegan, came: { extent: 'unknown' } },
  ] as const)('$outcome from its boundary, $applied: $came', ({ outcome, applied, came }) => {
    expect(extentOf(outcome, applied)).toEqual(came);
  });

  const [planned] = aPlan().phases;
  const writing = aPlan({
    phases: [
      { id: security, estimate: '1m', rollback: 'restore', effects: { writes: { molecule: { rows: 'grow' } } } },
    ],
    pre_approvals: [],
  }).phases[0];
  test.each([
    { when: 'it writes rows, which no boundary sees', phase: writing, because: undefined, doubt: true },
    { when: 'the plan has forgotten it', phase: undefined, because: undefined, doubt: true },
    {
      when: 'a breach is attributed to it',
      phase: planned,
      because: { attributedTo: security, evidence: [broken('breach')] },
      doubt: true,
    },
    {
      when: 'somebody ordered it undone',
      phase: planned,
      because: { attributedTo: security, evidence: [], orderedBy: dana.id },
      doubt: true,
    },
    {
      when: 'all that is wrong is its runtime',
      phase: planned,
      because: { attributedTo: security, evidence: [late(security, 'breach')] },
      doubt: false,
    },
    {
      when: 'the breach is attributed to another',
      phase: planned,
      because: { attributedTo: schema, evidence: [broken('breach')] },
      doubt: false,
    },
    { when: 'nobody says anything of it', phase: planned, because: undefined, doubt: false },
  ])('it may have done something unseen when $when: $doubt', ({ phase, because, doubt }) => {
    expect(isExpected(phase, because)).toBe(doubt);
  });

  test('a phase whose command was never started is not undone, but its boundary is still proved', () => {
    const night = ordered(security);
    night.stopWork();
    expect(night.record({ type: 'phase-applied', phase: schema, extent: 'not-at-all' })).toEqual([
      'phase-applied',
      'step-done',
    ]);
    expect(night.journal.at(-1)).toMatchObject({ step: `${schema}/undo`, how: 'not-needed' });
    expect(night.record({ type: 'phase-applied', phase: security, extent: 'wholly' })).toEqual(['phase-applied']);
    expect(phasesToLookAt(rollbackOf(night.state)!)).toEqual([]);
    night.undo();
    expect(rollbackOf(night.state)?.steps.map(({ step: { id }, how }) => [id, how])).toEqual([
      [`${schema}/undo`, 'not-needed'],
      [`${schema}/verify`, 'ran'],
      [`${security}/undo`, 'ran'],
      [`${security}/verify`, 'ran'],
    ]);
    expect(night.state.phases.slice(0, 2).map(({ state }) => state)).toEqual(['undone', 'undone']);
  });

  const unsure = { type: 'phase-applied', phase: schema, extent: 'unknown', seen: 'no-difference' } as const;
  const nextOf = ({ state }: Night) => nextStep(rollbackOf(state)!)!;
  const ask = (night: Night) =>
    night.record({
      type: 'step-asked',
      step: nextOf(night).step.id,
      question: 'is there anything to undo?',
      output: '',
    });
  const confirm = (night: Night, answer: 'done' | 'again') =>
    night.give({ kind: 'confirm', step: nextOf(night).step.id, answer, by: dana, reason: 'I looked' });

  test('if a phase may have changed rows, the guard asks a person before a step that must not run without need', () => {
    const night = ordered(security);
    night.stopWork();
    expect(night.record(unsure)).toEqual(['phase-applied']);
    expect(asksFirst(rollbackOf(night.state)!, nextOf(night))).toBe(true);
    expect(ask(night)).toEqual(['step-asked']);
    expect(confirm(night, 'again')).toEqual(['step-answered']);
    expect(asksFirst(rollbackOf(night.state)!, nextOf(night))).toBe(false);
    night.undo();
    expect(rollbackOf(night.state)?.steps[0]).toMatchObject({ how: 'ran' });
  });

  const withSteps = (...steps: readonly object[]) =>
    aPlan({
      phases: [
        { id: security, estimate: '10m', rollback: undo('security.ts') },
        { id: schema, estimate: '30m', rollback: { steps } },
      ],
      pre_approvals: [],
    });
  const first = { id: 'one', sql: 'select 1' };
  test.each([
    { what: 'may be repeated', step: { ...first, repeatable: true }, asks: false },
    {
      what: 'has a precondition',
      step: { ...first, precondition: { sql: 'select 1', expect: 'no rows' } },
      asks: false,
    },
    { what: 'waits', step: { id: 'one', wait: { tcp: 'h:80' } }, asks: false },
    { what: 'is a person’s', step: { id: 'one', confirm: 'Look.' }, asks: false },
    { what: 'is neither', step: first, asks: true },
  ])('a step that $what is asked about first: $asks', ({ step, asks }) => {
    const night = ordered(security, withSteps(step));
    night.stopWork();
    night.record(unsure);
    expect(asksFirst(rollbackOf(night.state)!, nextOf(night))).toBe(asks);
  });

  test('one answer applies to all steps of the phase, and to no other phase', () => {
    const night = ordered(security, withSteps(first, { id: 'two', sql: 'select 2' }));
    night.stopWork();
    night.record(unsure);
    night.record({ ...unsure, phase: security });
    ask(night);
    confirm(night, 'again');
    const asks = () => rollbackOf(night.state)!.steps.map((one) => asksFirst(rollbackOf(night.state)!, one));
    expect(asks()).toEqual([false, false, false, true, false]);
  });

  test('the guard determines it before the first step, once for each phase', () => {
    const night = ordered(security);
    const seen = (phase: PhaseId) => ({ type: 'phase-applied', phase, extent: 'unknown' }) as const;
    expect(night.record(seen(schema))).toBe('out-of-order');
    night.stopWork();
    expect(night.record(seen(schema))).toEqual(['phase-applied']);
    expect(night.record(seen(schema))).toBe('out-of-order');
    night.record({
      type: 'step-started',
      step: rollbackOf(night.state)!.steps[0]!.step.id,
      attempt: 1,
      tag: 't',
      on: place,
    });
    expect(night.record(seen(security))).toBe('out-of-order');
  });
});
