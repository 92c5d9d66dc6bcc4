import { describe, expect, test } from 'vitest';

import type { Principal } from '../../../src/core/authority/roles.ts';
import { hash, type PhaseId, type StepId } from '../../../src/core/kernel/ids.ts';
import { openQuestion } from '../../../src/core/response/rollback.ts';
import { rollbackOf, stageOf } from '../../../src/core/run/state.ts';
import {
  aPlan,
  broken,
  dana,
  lena,
  migration,
  omar,
  pipeline,
  place,
  priya,
  ravi,
  relations,
  schema,
  security,
  recordedPlan,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const order = (night: Night, by: Principal = dana, phase?: PhaseId) =>
  night.give({ kind: 'order', by, reason: 'it does not feel right', ...(phase !== undefined && { phase }) });
const ordered = ['recommendation-raised', 'recommendation-approved', 'rollback-started'];
const last = (night: Night) => night.state.recommendations.at(-1);

/** The first two phases are applied, and everything is well. */
function applied(night = new Night().baseline()): Night {
  for (const phase of [security, schema]) {
    night.start(phase);
    night.look([broken('ok')]);
    night.finish(phase);
    night.look([broken('ok')]);
  }
  return night;
}

describe('somebody with authority orders a rollback', () => {
  test('even if every check is well and the run was never armed', () => {
    const night = applied();
    expect(order(night)).toEqual(ordered);
    expect(rollbackOf(night.state)).toMatchObject({ trigger: 'ordered', by: dana.id, procedure: { phases: [schema] } });
    expect(last(night)).toMatchObject({ state: 'approved', orderedBy: dana.id, evidence: [] });
  });

  test('of a phase, and of those after it', () => {
    const night = applied();
    expect(order(night, omar, security)).toEqual(ordered);
    expect(rollbackOf(night.state)?.procedure.phases).toEqual([schema, security]);
  });

  test('the order supersedes an open recommendation and takes over its evidence', () => {
    const night = applied();
    night.look([broken('breach')]);
    expect(order(night)).toEqual(['recommendation-superseded', ...ordered]);
    expect(night.state.recommendations).toMatchObject([{ state: 'superseded' }, { state: 'approved', evidence: [{}] }]);
  });

  test('a project manager needs a technical lead', () => {
    const night = applied();
    expect(order(night, priya)).toEqual(['recommendation-raised', 'recommendation-approved']);
    expect(rollbackOf(night.state)).toBeUndefined();
    expect(night.look([broken('ok')])).toEqual([]); // the order waits, whatever the guard observes
    expect(night.approve(1, lena)).toEqual(['recommendation-approved', 'rollback-started']);
    expect(rollbackOf(night.state)).toMatchObject({ trigger: 'ordered', by: lena.id });
  });

  describe('the order keeps its scope while it waits for a second approval, even if a phase moves on', () => {
    const target = { url: 'postgres://guard@127.0.0.1/app' };
    const steps = [{ id: 'bring-back', command: ['restore'] }];
    const plan = aPlan({ environments: { production: { target, restore: { method: 'in-place', steps } } } });
    const running = () => {
      const night = applied(new Night(plan, 'production').baseline());
      night.start(relations);
      return night;
    };
    const orders = [
      { what: 'a phase', wish: { phase: security }, by: priya, second: lena, first: security },
      { what: 'a restore', wish: { restore: true as const }, by: dana, second: omar, first: undefined },
    ];
    const moves: Record<string, (night: Night) => unknown> = {
      finishes: (night) => night.finish(relations),
      fails: (night) =>
        night.give({ kind: 'phase-fail', phase: relations, by: pipeline, exitCode: 1, because: 'no luck' }),
      'is lost': (night) => night.give({ kind: 'phase-lost', phase: relations }),
    };
    test.each(orders.flatMap((one) => Object.entries(moves).map(([move, act]) => ({ ...one, move, act }))))(
      '$what is ordered, and the phase $move',
      ({ wish, by, second, first, act }) => {
        const night = running();
        night.give({ kind: 'order', by, reason: 'all is lost', ...wish });
        act(night);
        expect(night.look([broken('ok')])).toEqual(['recommendation-superseded', 'recommendation-raised']);
        expect(last(night)).toMatchObject({ orderedBy: by.id, approvals: [] });
        expect(last(night)?.attributedTo).toBe(first);
        expect(night.look([broken('ok')])).toEqual([]);
        expect(night.start(migration)).toBe('recommendation-open');
        expect(night.approve(2, second)).toEqual(['recommendation-approved']);
        expect(night.approve(2, by)).toEqual(['recommendation-approved', 'rollback-started']);
        expect(rollbackOf(night.state)).toMatchObject({ trigger: 'ordered', procedure: { phases: expect.any(Array) } });
        expect(rollbackOf(night.state)?.procedure.phases).toHaveLength(3);
      },
    );

    test('a breach in the meantime joins the order, but starts nothing that was not pre-approved', () => {
      const night = applied(new Night().baseline().arm());
      night.start(relations);
      order(night, priya, security);
      night.finish(relations);
      expect(night.look([broken('breach')])).toEqual([
        'verdicts-changed',
        'recommendation-superseded',
        'recommendation-raised',
      ]);
      expect(last(night)).toMatchObject({ orderedBy: priya.id, notAutomaticBecause: ['priya ordered it'] });
    });
  });

  test('if the plan no longer has the ordered procedure, the replacement does not count as ordered', () => {
    const night = applied();
    order(night, priya, schema);
    const phases = night.plan.phases.map((one) => (one.id === schema ? { ...one, rollback: 'restore' as const } : one));
    const changed = Object.assign(new Night(), { plan: { ...night.plan, phases }, state: night.state, now: night.now });
    changed.give({ kind: 'restart', plan: recordedPlan(hash('sha256:other')) });
    expect(changed.look([broken('ok')])).toEqual(['recommendation-superseded']);
    expect(changed.look([broken('breach')])).toEqual(['verdicts-changed', 'recommendation-raised']);
    expect(last(changed)).not.toHaveProperty('orderedBy');
  });

  test('an incomplete order goes to the plan’s first contact; a complete one to nobody', () => {
    const contacts = [{ role: 'on call', name: 'Dana', reach: '+49' }];
    const asked = (by: Principal) => {
      const night = applied(new Night(aPlan({ contacts })).baseline());
      order(night, by);
      return last(night)?.addressedTo;
    };
    expect([asked(priya), asked(dana)]).toEqual([contacts, undefined]);
  });

  describe('an incomplete order is no pre-approval', () => {
    const armed = () => applied(new Night().baseline().arm());
    const acts = ['pre-approval-used', 'recommendation-approved', 'rollback-started'];
    test.each([
      { orders: 'more than the guard would', phase: security, follows: [] },
      { orders: 'what the guard would', phase: schema, follows: acts },
    ])('a breach beside an order for $orders', ({ phase, follows }) => {
      const night = armed();
      order(night, priya, phase);
      const events = night.look([broken('breach')]);
      expect(events).toEqual(['verdicts-changed', 'evidence-joined', ...follows]);
    });
  });

  test.each<{ when: string; night: () => Night; by?: Principal; phase?: PhaseId; because: string }>([
    { when: 'nothing was started', night: () => new Night().baseline(), because: 'nothing-to-undo' },
    { when: 'that phase was not started', night: applied, phase: relations, because: 'nothing-to-undo' },
    { when: 'there is no such phase', night: applied, phase: 'other' as PhaseId, because: 'nothing-to-undo' },
    { when: 'a release engineer orders it', night: applied, by: ravi, because: 'not-allowed' },
    { when: 'the pipeline orders it', night: applied, by: pipeline, because: 'not-allowed' },
    {
      when: 'a rollback is under way',
      night: () => {
        const night = applied();
        order(night);
        return night;
      },
      because: 'rolling-back',
    },
    {
      when: 'a phase has no script',
      night: () => {
        const night = applied();
        for (const phase of [relations, migration]) {
          night.start(phase);
          night.look([broken('ok')]);
          night.finish(phase);
          night.look([broken('ok')]);
        }
        return night;
      },
      because: 'no-procedure',
    },
  ])('is refused when $when', ({ night, by, phase, because }) => {
    expect(order(night(), by, phase)).toBe(because);
  });
});

describe('a rollback is ended early', () => {
  const abort = (night: Night, by: Principal = dana) => night.give({ kind: 'abort', by, reason: 'it makes it worse' });
  const rollingBack = () => {
    const night = applied();
    order(night, dana, security);
    night.stopWork();
    return night;
  };
  const underWay = () => {
    const night = rollingBack();
    const step = rollbackOf(night.state)?.steps[0]?.step.id;
    if (step === undefined) throw new Error('there is no step');
    night.record({ type: 'step-started', step, attempt: 1, tag: 't', on: place });
    return { night, step };
  };

  test('between steps: the run is held, and nothing is recommended until a phase starts', () => {
    const night = rollingBack();
    expect(abort(night)).toEqual(['abort-ordered']);
    expect(night.record({ type: 'rollback-aborted' })).toEqual(['rollback-aborted', 'run-held']);
    expect(stageOf(night.state)).toBe('held');
    expect(night.look([broken('breach')])).toEqual(['verdicts-changed']);
    expect(night.start(relations)).toBe('held');
  });

  test('before a step’s intent is recorded: the step does not begin', () => {
    const night = rollingBack();
    const step = rollbackOf(night.state)?.steps[0]?.step.id as StepId;
    abort(night);
    expect(night.record({ type: 'step-started', step, attempt: 1, tag: 't', on: place })).toEqual([]);
    expect(night.record({ type: 'rollback-aborted' })).toEqual(['rollback-aborted', 'run-held']);
  });

  test('never within a step: its outcome is recorded first', () => {
    const { night, step } = underWay();
    abort(night);
    expect(night.record({ type: 'rollback-aborted' })).toBe('out-of-order');
    expect(night.record({ type: 'step-done', step, took: 1 as never, output: '', how: 'ran' })).toEqual(['step-done']);
    expect(night.record({ type: 'rollback-aborted' })).toEqual([
      'rollback-aborted',
      'run-held',
      'recommendation-raised',
    ]);
  });

  test('while a step asks: its question is closed', () => {
    const { night, step } = underWay();
    night.record({ type: 'step-asked', step, question: 'Is it done?', output: '' });
    expect(openQuestion(rollbackOf(night.state))).toBe('Is it done?');
    abort(night);
    night.record({ type: 'rollback-aborted' });
    expect(openQuestion(rollbackOf(night.state))).toBeUndefined();
    expect(night.give({ kind: 'confirm', step, answer: 'done', by: dana, reason: 'x' })).toBe('no-rollback');
  });

  test('and can be ordered again afterwards', () => {
    const night = rollingBack();
    abort(night);
    night.record({ type: 'rollback-aborted' });
    expect(order(night)).toEqual(ordered);
  });

  test('a repeated order changes nothing', () => {
    const night = rollingBack();
    abort(night);
    expect(abort(night)).toEqual([]);
  });

  test.each([
    {
      when: 'nobody ordered it',
      act: (night: Night) => night.record({ type: 'rollback-aborted' }),
      because: 'out-of-order',
    },
    { when: 'the pipeline orders it', act: (night: Night) => abort(night, pipeline), because: 'not-allowed' },
  ])('is refused when $when', ({ act, because }) => {
    expect(act(rollingBack())).toBe(because);
  });

  test('is refused if no rollback is running', () => {
    expect(abort(applied())).toBe('no-rollback');
  });
});
