import { describe, expect, test } from 'vitest';

import { hash, type PhaseId, stepId } from '../../../src/core/kernel/ids.ts';
import { millis, minutes } from '../../../src/core/kernel/units.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { sayProcedure } from '../../../src/core/response/procedure.ts';
import { nextStep } from '../../../src/core/response/rollback.ts';
import { viewOf } from '../../../src/core/run/view.ts';
import type { Verdict } from '../../../src/core/verdicts/verdict.ts';
import {
  aPlan,
  broken,
  dana,
  late,
  migration,
  omar,
  place,
  priya,
  relations,
  schema,
  security,
  slow,
  recordedPlan,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { rollbackOf } from '../../../src/core/run/state.ts';
import { watchIn } from '../../../src/core/run/response.ts';

const target = { url: 'postgres://guard@127.0.0.1/app' };
const verification = [{ id: 'tables', sql: 'select 1', expect: 'no rows' }];
const restore = { method: 'in-place', approvals: 1, steps: [{ id: 'bring-back', command: ['restore'] }] };
const withRestore = (more: object = {}) =>
  aPlan({ environments: { staging: { target, restore } }, verification, ...more });

const breach = broken('breach');

/** These phases are applied, the last one is still running, and these breaches exist since it began. */
function breachedBy(breaches: readonly Verdict[], plan: Plan, ...phases: readonly PhaseId[]): Night {
  const night = new Night(plan).baseline();
  const well = [broken('ok'), slow('ok')];
  for (const phase of phases) {
    night.start(phase);
    night.look(well);
    if (phase !== phases.at(-1)) night.finish(phase);
    night.look(well);
  }
  night.look(breaches);
  return night;
}
const breached = (plan: Plan, ...phases: readonly PhaseId[]) => breachedBy([breach], plan, ...phases);

/** The recommendation is approved, and the rollback is aborted at its first step. */
function givenUp(night: Night): Night {
  night.approve(night.state.recommendations.length, omar, undefined, true);
  night.stopWork();
  return giveUp(night);
}
/** An ordered rollback that is aborted in the same way. */
function orderedInVain(night: Night): Night {
  night.give({ kind: 'order', by: dana, reason: 'by its scripts after all' });
  night.stopWork();
  return giveUp(night);
}
/** The next step fails, and somebody aborts the rollback. */
function giveUp(night: Night): Night {
  const { id } = nextStep(rollbackOf(night.state)!)!.step;
  night.record({ type: 'step-started', step: id, attempt: 1, tag: 't', on: place });
  night.record({ type: 'step-asked', step: id, question: 'It failed', output: '' });
  night.give({ kind: 'abort', by: dana, reason: 'this leads nowhere' });
  night.record({ type: 'rollback-aborted' });
  return night;
}
/** An ordered rollback of the last phase, carried out completely. */
function undoneByOrder(night: Night): Night {
  night.give({ kind: 'order', by: dana, reason: 'by its scripts after all' });
  night.stopWork();
  return night.undo();
}
const proposed = (night: Night) => {
  const open = night.state.recommendations.findLast(({ state }) => state === 'open');
  const steps = open === undefined || open.procedure.kind === 'person' ? [] : open.procedure.steps;
  return { kind: open?.procedure.kind, phases: open?.procedure.phases, steps: steps.map(({ id }) => id) };
};
const verifying = (plan: Plan) => plan.verification.map(() => 'verification');

describe('after each failed rollback the guard proposes the next procedure, and never the same one again', () => {
  const all = [security, schema, relations];
  const run = late('run', 'breach');
  test.each<{ readonly when: string; readonly night: () => Night; readonly kind: string; readonly phases: unknown }>([
    {
      when: 'the phase at fault has a script',
      night: () => breached(withRestore(), ...all),
      kind: 'phase-rollback',
      phases: [relations],
    },
    {
      when: 'it cannot be attributed',
      night: () => breachedBy([run], withRestore(), security, schema),
      kind: 'unwind',
      phases: [schema, security],
    },
    {
      when: 'it cannot be attributed, and a phase has no script',
      night: () => breachedBy([run], withRestore(), security, schema, relations, migration),
      kind: 'restore',
      phases: [migration, relations, schema, security],
    },
    {
      when: 'the phase at fault has no script',
      night: () => breached(withRestore(), ...all, migration),
      kind: 'restore',
      phases: [migration, relations, schema, security],
    },
    {
      when: 'it has none, and there is nothing to restore from',
      night: () => breached(aPlan(), ...all, migration),
      kind: 'person',
      phases: [migration],
    },
    {
      when: 'the plan wants a restore for several phases',
      night: () => breachedBy([run], withRestore({ several_phases: 'restore' }), security, schema),
      kind: 'restore',
      phases: [schema, security],
    },
    {
      when: 'the plan wants it, and one phase is at fault, though several are applied',
      night: () => breached(withRestore({ several_phases: 'restore' }), security, schema),
      kind: 'phase-rollback',
      phases: [schema],
    },
    {
      when: 'the phase rollback failed',
      night: () => givenUp(breached(withRestore(), security, schema)),
      kind: 'restore',
      phases: [schema, security],
    },
    {
      when: 'the unwind failed',
      night: () => givenUp(breachedBy([run], withRestore(), security, schema)),
      kind: 'restore',
      phases: [schema, security],
    },
    {
      when: 'the phase rollback failed, and there is nothing to restore from',
      night: () => givenUp(breached(aPlan(), security)),
      kind: 'person',
      phases: [security],
    },
    {
      when: 'the restore failed either',
      night: () => givenUp(givenUp(breached(withRestore(), security))),
      kind: 'person',
      phases: [security],
    },
    {
      when: 'the restore failed, and a script rollback that was ordered after it failed too',
      night: () => orderedInVain(givenUp(givenUp(breached(withRestore(), security)))),
      kind: 'person',
      phases: [security],
    },
    {
      when: 'the restore failed, one phase was undone after it, and then the other could not be',
      night: () => orderedInVain(undoneByOrder(givenUp(givenUp(breached(withRestore(), security, schema))))),
      kind: 'person',
      phases: [security],
    },
  ])('$when: $kind', ({ night, kind, phases }) => {
    const tonight = night();
    expect(proposed(tonight)).toMatchObject({ kind, phases });
    const { length } = tonight.state.recommendations;
    tonight.look([]); // the next evaluation changes nothing
    expect([proposed(tonight).kind, tonight.state.recommendations.length]).toEqual([kind, length]);
  });
});

test('before any rollback, the guard cancels the phase’s statement that others queue behind', () => {
  const night = new Night(withRestore({ catalogue: { 'lock-queue': { cancel_phase: true } } })).baseline().arm();
  night.start(security);
  const causedBy = { pid: 7, ofPhase: true };
  const fault = { object: 'lock of public.t', what: 'is waited for', consequence: 'sustained', causedBy } as const;
  expect(night.give({ kind: 'phase-cancel', fault })).toEqual(['phase-cancel-started']);
  expect(night.state.recommendations).toEqual([]);
});

describe('the proof of a rollback', () => {
  test('is the boundary after a phase rollback, and the plan’s verification queries after a restore', () => {
    const plan = withRestore();
    const night = breached(plan, security);
    expect(proposed(night).steps).toEqual([`${security}/undo`, `${security}/verify`]);
    expect(proposed(givenUp(night)).steps).toEqual(['restore/bring-back', ...verifying(plan)]);
  });

  test('a restore with a verify step runs the queries once, at that step', () => {
    const steps = [
      { id: 'bring-back', command: ['restore'] },
      { id: 'check', verify: 'all' },
    ];
    const asking = { staging: { target, restore: { method: 'in-place', steps } } };
    const night = givenUp(breached(withRestore({ environments: asking }), security));
    expect(proposed(night).steps).toEqual(['restore/bring-back', 'restore/check']);
  });

  test('after a restore every phase is undone, and the watch begins', () => {
    const night = givenUp(breached(withRestore(), security, schema));
    night.approve(2, omar, undefined, true);
    night.stopWork();
    night.undo();
    expect(night.state.phases.map(({ state }) => state)).toEqual(['undone', 'undone', 'not-started', 'not-started']);
    expect(watchIn(night.state.response)?.state).toBe('watching');
  });
});

test('an aborted restore names the remaining steps for a person', () => {
  const steps = ['maintenance-on', 'start-web', 'maintenance-off'].map((id) => ({ id, command: [id] }));
  const staging = { target, restore: { ...restore, steps } };
  const night = givenUp(breached(withRestore({ environments: { staging }, verification: [] }), security));
  night.approve(2, omar, undefined, true);
  night.stopWork();
  night.record({ type: 'step-started', step: stepId('restore/maintenance-on'), attempt: 1, tag: 't', on: place });
  night.record({ type: 'step-done', step: stepId('restore/maintenance-on'), took: millis(1), output: '', how: 'ran' });
  const { procedure } = giveUp(night).state.recommendations.at(-1)!;
  expect(sayProcedure(procedure)).toMatch(/ failed, .*; left to you: start-web, maintenance-off$/);
  const view = viewOf(night.plan, night.state, undefined, night.now);
  expect(view.rollback?.steps[1]).toMatchObject({ id: 'restore/start-web', limit: minutes(30) });
  expect(view.givenUp).toMatchObject({ step: 'restore/start-web', leftToYou: ['start-web', 'maintenance-off'] });
});

test('the view shows where a rollback was aborted midway, until a phase starts again', () => {
  const night = givenUp(breached(aPlan(), security));
  const givenUpNow = () => viewOf(night.plan, night.state, undefined, night.now).givenUp;
  night.decline(2);
  night.give({ kind: 'resume', by: dana });
  expect(givenUpNow()).toMatchObject({ phase: security, step: `${security}/undo`, leftToYou: [] });
  night.give({ kind: 'phase-fail', phase: security, by: dana, exitCode: 1, because: 'stopped' });
  night.look([broken('ok'), slow('ok')]);
  night.start(security);
  expect(givenUpNow()).toBeUndefined();
});

test('a restore that the guard ends before its first step does not bring back the procedure that failed', () => {
  const night = givenUp(breached(withRestore(), security));
  night.approve(2, omar, undefined, true);
  const steps = [{ id: 'bring-back', command: ['restore', '--otherwise'] }];
  const otherwise = { staging: { target, restore: { ...restore, steps } } };
  const changed = new Night(withRestore({ environments: otherwise }));
  Object.assign(changed, { state: night.state });
  changed.give({ kind: 'restart', plan: recordedPlan(hash('sha256:other')) });
  expect(changed.stopWork()).toEqual(['stop-work-proved', 'rollback-aborted', 'recommendation-raised']);
  changed.look([breach]);
  changed.look([breach]);
  expect(proposed(changed).kind).toBe('restore');
  expect(changed.state.recommendations.at(-1)?.notAutomaticBecause).toEqual([
    'dana ended the previous rollback, so a person decides what comes next',
  ]);
});

describe('after somebody aborted a rollback, people decide what comes next', () => {
  test('the guard does nothing by itself, even if the run is armed', () => {
    const night = breachedBy([late('run', 'breach')], withRestore(), security);
    night.arm();
    expect(proposed(givenUp(night)).kind).toBe('restore');
    expect(night.state.recommendations.at(-1)?.notAutomaticBecause).toEqual([
      'dana ended the previous rollback, so a person decides what comes next',
    ]);
    night.look([breach, late('run', 'breach')]);
    expect(rollbackOf(night.state)?.state).toBe('aborted');
  });

  test('the recommendation after an aborted order has no breach, and can be approved without one', () => {
    const night = breachedBy([broken('ok')], withRestore(), security);
    night.give({ kind: 'order', by: dana, reason: 'the export needs the old names' });
    expect(proposed(givenUp(night)).kind).toBe('restore');
    expect(night.approve(2, omar)).toEqual(['recommendation-approved', 'rollback-started']);
  });

  describe('the guard asks about the next procedure until somebody answers, even if every check is well', () => {
    const contacts = ['Dana', 'Omar'].map((name) => ({ role: 'on call', name, reach: '+49' }));
    const green = [broken('ok'), slow('ok')];
    const halfUndone = () => {
      const night = breachedBy(green, withRestore({ contacts }), security);
      night.give({ kind: 'order', by: dana, reason: 'the export needs the old names' });
      return givenUp(night);
    };
    const again = ['recommendation-expired', 'recommendation-raised'];
    const later = (night: Night, minute: number) => night.look(green, 1_000 + minute * 60);

    test('it asks the next contact each time', () => {
      const night = halfUndone();
      expect([31, 62].map((minute) => later(night, minute))).toEqual([again, again]);
      expect(
        night.state.recommendations.slice(1).map(({ addressedTo }) => addressedTo?.map(({ name }) => name)),
      ).toEqual([['Dana'], ['Omar'], ['Dana', 'Omar']]);
    });

    test('also if a late report of the phase changes the evidence', () => {
      const night = halfUndone();
      night.give({ kind: 'phase-fail', phase: security, by: dana, exitCode: 1, because: 'stopped' });
      expect(night.look(green)).toEqual(['recommendation-superseded', 'recommendation-raised']);
      expect(proposed(night).kind).toBe('restore');
    });

    test('also if somebody ordered another rollback that nobody else approved', () => {
      const night = halfUndone();
      night.give({ kind: 'order', by: priya, reason: 'by its scripts after all' });
      expect(later(night, 31)).toEqual(['approval-expired', ...again]);
      expect(proposed(night).kind).toBe('restore');
    });

    test('not after somebody has declined it', () => {
      const night = halfUndone();
      night.decline(2);
      expect([31, 62].map((minute) => later(night, minute))).toEqual([[], []]);
      night.give({ kind: 'order', by: priya, reason: 'by its scripts after all' });
      expect(later(night, 93)).toEqual(['approval-expired', 'recommendation-expired']);
    });
  });

  test('the recommendation after a failed rollback is not withdrawn when the breach ends, because the database is half-undone', () => {
    const night = givenUp(breached(withRestore(), security));
    night.look([broken('ok'), slow('ok')], 1_000);
    expect(night.look([broken('ok'), slow('ok')], 1_700)).toEqual([]);
    expect(night.state.recommendations.at(-1)?.state).toBe('open');
  });

  test('a rollback aborted before its first step holds the run and raises nothing', () => {
    const night = breached(withRestore(), security);
    night.approve(1);
    night.stopWork();
    night.give({ kind: 'abort', by: dana, reason: 'not now' });
    expect(night.record({ type: 'rollback-aborted' })).toEqual(['rollback-aborted', 'run-held']);
    expect(night.look([breach])).toEqual([]);
  });

  describe('a rollback aborted before its first step, after one that was aborted midway, leaves the database half-undone', () => {
    const stoppedAgain = () => {
      const night = givenUp(breached(withRestore(), security));
      night.approve(2, omar, undefined, true);
      night.stopWork();
      night.give({ kind: 'abort', by: dana, reason: 'not now' });
      expect(night.record({ type: 'rollback-aborted' })).toEqual(['rollback-aborted', 'run-held']); // the run is held already
      return night;
    };

    test('so the next evaluation asks again, and only people can answer', () => {
      const night = stoppedAgain();
      expect(night.look([breach])).toEqual(['recommendation-raised']);
      expect(proposed(night).kind).toBe('restore');
      expect(night.state.recommendations.at(-1)?.notAutomaticBecause).toEqual([
        'dana ended the previous rollback, so a person decides what comes next',
      ]);
      expect(night.look([breach])).toEqual([]);
    });

    test('after a decline the guard asks no more until something else breaks', () => {
      const night = stoppedAgain();
      night.look([breach]);
      night.decline(3);
      expect(night.look([breach])).toEqual([]);
      expect(night.look([breach, slow('breach')])).toEqual(['verdicts-changed', 'recommendation-raised']);
    });

    test('the guard asks nothing while nothing is broken or after a completed rollback', () => {
      const night = stoppedAgain();
      expect(night.look([broken('ok')])).toEqual(['verdicts-changed']);
      undoneByOrder(night).look([broken('ok')], undefined, 3_600_000);
      night.give({ kind: 'order', restore: true, by: omar, reason: 'to be safe' });
      night.give({ kind: 'abort', by: dana, reason: 'no' });
      night.record({ type: 'rollback-aborted' });
      expect(night.look([breach])).toEqual(['verdicts-changed']);
    });
  });

  test.each([
    { after: 'a phase rollback', fallen: () => givenUp(breached(withRestore(), security)) },
    { after: 'a restore', fallen: () => givenUp(givenUp(breached(withRestore(), security))) },
  ])('a phase that starts again after $after begins a new ladder', ({ fallen }) => {
    const night = fallen();
    night.decline(night.state.recommendations.length);
    night.give({ kind: 'resume', by: dana });
    night.give({ kind: 'phase-fail', phase: security, by: dana, exitCode: 1, because: 'stopped' });
    night.look([broken('ok'), slow('ok')]);
    expect(night.start(security)).toEqual(['phase-started']);
    night.look([slow('breach')]);
    expect(proposed(night)).toMatchObject({ kind: 'phase-rollback', phases: [security] });
    expect(proposed(givenUp(night)).kind).toBe('restore');
  });
});
