import { describe, expect, test } from 'vitest';

import { hash, type PhaseId } from '../../../src/core/kernel/ids.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { replan } from '../../../src/core/run/decide/replan.ts';
import type { PhaseState } from '../../../src/core/run/phases.ts';
import { aPlan, broken, dana, pipeline, place, recordedPlan, schema, security, slow } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';

const well = [broken('ok'), slow('ok')];

/** Both phases are applied, or the second still runs; the rollback of the second, or from the first on, is ordered. */
function ordered(from: PhaseId, plan: Plan = aPlan(), restore = false): Night {
  const night = new Night(plan).baseline();
  night.start(security);
  night.look(well);
  night.finish(security);
  night.look(well);
  night.start(schema);
  night.look(well);
  night.give({ kind: 'order', by: dana, reason: 'no', ...(restore ? { restore } : { phase: from }) });
  return night;
}

const undo = (name: string) => ({ command: ['node', name, '--rollback'], estimate: '5m' });
const otherPlan = aPlan({
  phases: [
    { id: security, estimate: '10m', rollback: undo('security.ts') },
    { id: schema, estimate: '30m', rollback: undo('another.ts') },
  ],
  pre_approvals: [],
});
const without = (night: Night, phase: PhaseId): readonly PhaseState[] =>
  night.state.phases.map((one) => (one.phase === phase ? { ...one, state: 'undone' } : one));

describe('once forward work is proved stopped, the guard checks whether the approved procedure still fits', () => {
  const target = { url: 'postgres://guard@127.0.0.1/app' };
  const restore = { method: 'in-place', approvals: 1, steps: [{ id: 'bring-back', command: ['restore'] }] };
  const restorable = aPlan({ environments: { staging: { target, restore } } });
  test.each<{
    readonly when: string;
    readonly night: Night;
    readonly plan?: Plan;
    readonly phases?: readonly PhaseState[];
    readonly answer: object;
  }>([
    { when: 'nothing has changed', night: ordered(schema), answer: { goOn: 'as-approved' } },
    { when: 'several phases, and nothing has changed', night: ordered(security), answer: { goOn: 'as-approved' } },
    {
      when: 'the restore is what it was',
      night: ordered(schema, restorable, true),
      plan: restorable,
      answer: { goOn: 'as-approved' },
    },
    {
      when: 'one of its phases is not applied any more',
      night: ordered(security),
      phases: without(ordered(security), schema),
      answer: { goOn: 'with-less', spared: [schema] },
    },
    {
      when: 'another phase after it is applied',
      night: ordered(schema),
      phases: ordered(schema).state.phases.map((one) => ({ ...one, state: 'finished' })),
      plan: aPlan({
        phases: [security, schema, 'relationship-remediation', 'data-migration'].map((id) => ({
          id,
          estimate: '10m',
          rollback: undo(`${id === schema ? 'schema' : id}.ts`),
        })),
        pre_approvals: [],
      }),
      answer: {
        goOn: 'not',
        because: 'data-migration and relationship-remediation has been applied since it was approved',
        proposal: {
          orderedBy: dana.id,
          attributedTo: schema,
          procedure: { phases: ['data-migration', 'relationship-remediation', schema] },
        },
      },
    },
    {
      when: 'the plan undoes it otherwise by now',
      night: ordered(schema),
      plan: otherPlan,
      answer: {
        goOn: 'not',
        because: 'the plan now says to undo it in another way than was approved',
        proposal: { procedure: { kind: 'phase-rollback', phases: [schema] } },
      },
    },
    {
      when: 'the plan cannot undo it any more',
      night: ordered(schema),
      plan: aPlan({ phases: [{ id: schema, estimate: '1m', rollback: 'restore' }], pre_approvals: [] }),
      answer: { goOn: 'not', proposal: { procedure: { kind: 'person' } } },
    },
  ])('$when: $answer.goOn', ({ night, plan = night.plan, phases = night.state.phases, answer }) => {
    expect(replan(plan, { ...night.state, phases }, rollbackOf(night.state)!)).toMatchObject(answer);
  });

  test('a late report of the phase is recorded, and the rollback continues', () => {
    const night = ordered(schema);
    night.record({ type: 'stop-work-started' });
    expect(night.give({ kind: 'phase-finish', phase: schema, by: pipeline })).toEqual(['phase-finished']);
    expect(night.stopWork()).toEqual(['stop-work-proved']);
    expect(rollbackOf(night.undo().state)?.state).toBe('done');
  });

  test('a rollback that no longer matches its approval ends and is proposed again without approvals', () => {
    const night = ordered(schema);
    const changed = new Night(otherPlan);
    Object.assign(changed, { state: night.state });
    changed.give({ kind: 'restart', plan: recordedPlan(hash('sha256:other')) });
    changed.record({ type: 'stop-work-started' });
    expect(changed.stopWork()).toEqual(['stop-work-proved', 'rollback-aborted', 'recommendation-raised']);
    expect(rollbackOf(changed.state)).toMatchObject({
      state: 'aborted',
      because: expect.stringContaining('in another way'),
    });
    expect(changed.look(well)).toEqual([]);
    expect(changed.approve(2)).toEqual(['recommendation-approved', 'rollback-started']);
    expect(changed.stopWork()).toEqual(['stop-work-proved']);
  });

  test('after its first step the rollback continues as it began', () => {
    const night = ordered(schema);
    night.stopWork();
    night.record({
      type: 'step-started',
      step: rollbackOf(night.state)!.steps[0]!.step.id,
      attempt: 1,
      tag: 't',
      on: place,
    });
    const changed = new Night(otherPlan);
    Object.assign(changed, { state: night.state });
    changed.give({ kind: 'restart', plan: recordedPlan() });
    expect(changed.stopWork()).toEqual(['stop-work-proved']);
  });
});
