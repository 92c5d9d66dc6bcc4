import { describe, expect, test } from 'vitest';

import { rollbackId, type StepId, stepId } from '../../../src/core/kernel/ids.ts';
import { hours, millis } from '../../../src/core/kernel/units.ts';
import { rollbackOf, stageOf } from '../../../src/core/run/state.ts';
import {
  aPlan,
  at,
  broken,
  child,
  dana,
  pipeline,
  place,
  ravi,
  schema,
  security,
  supervisor,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';
import { watchIn } from '../../../src/core/run/response.ts';

const [undoSchema, verifySchema] = [stepId(`${schema}/undo`), stepId(`${schema}/verify`)];
const [undoSecurity, verifySecurity] = [stepId(`${security}/undo`), stepId(`${security}/verify`)];

/** Two phases, a breach of the first that was declined and came back, and an order to undo both. */
function approved(): Night {
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach')], 11);
  night.decline(1, dana, 12);
  night.finish(security, 13);
  night.start(schema, 20);
  night.look([broken('breach')], 21);
  night.approve(2, dana, 30);
  return night;
}
const quiet = () => {
  const night = approved();
  night.stopWork(31);
  return night;
};
const step = (id: StepId) => ({ type: 'step-started', step: id, attempt: 1, tag: 't', on: place }) as const;
const done = (id: StepId) => ({ type: 'step-done', step: id, took: millis(5), output: '', how: 'ran' }) as const;
const asked = (id: StepId) => ({ type: 'step-asked', step: id, question: 'Was it done?', output: '' }) as const;
const confirm = (id: string, answer: 'done' | 'again', by = dana) =>
  ({ kind: 'confirm', step: stepId(id), answer, by, reason: 'I looked' }) as const;
type Reported = Parameters<Night['record']>[0];
const then = (night: Night, ...events: readonly Reported[]) => events.map((event) => night.record(event));

const quietThen =
  (...events: readonly Reported[]) =>
  () => {
    const night = quiet();
    then(night, ...events);
    return night;
  };

test.each([
  { answer: 'again', unseen: place, recorded: ['step-asked'] },
  { answer: 'done', unseen: place, recorded: ['step-asked'] },
  { answer: 'again', unseen: undefined, recorded: 'out-of-order' },
] as const)(
  'after $answer one is asked once more only for a place that cannot be seen',
  ({ answer, unseen, recorded }) => {
    const night = quietThen(step(undoSchema), asked(undoSchema))();
    night.give(confirm(undoSchema, answer));
    const event = { ...asked(undoSchema), ...(unseen !== undefined && { unseen }) };
    expect(night.record(event)).toEqual(recorded);
  },
);

describe('a rollback runs strictly in order', () => {
  test('work is stopped, each step taken, each phase proved, and then the watch begins', () => {
    const night = approved();
    const answers = [
      night.stopWork(31),
      ...then(night, step(undoSchema), { type: 'step-spawned', step: undoSchema, child }, done(undoSchema)),
      ...then(
        night,
        step(verifySchema),
        done(verifySchema),
        step(undoSecurity),
        done(undoSecurity),
        step(verifySecurity),
        done(verifySecurity),
      ),
    ];
    expect(answers).toEqual([
      ['stop-work-proved'],
      ['step-started'],
      ['step-spawned'],
      ['step-done'],
      ['step-started'],
      ['step-done', 'phase-undone'],
      ['step-started'],
      ['step-done'],
      ['step-started'],
      ['step-done', 'phase-undone', 'rollback-done', 'watch-started'],
    ]);
    expect(night.state.phases.map(({ state }) => state)).toEqual(['undone', 'undone', 'not-started', 'not-started']);
    expect(watchIn(night.state.response)).toMatchObject({ state: 'watching', length: hours(1) });
  });

  test.each([
    { when: 'work has not been proved stopped', night: approved, event: step(undoSchema), answer: 'out-of-order' },
    { when: 'it is not the next one', night: quiet, event: step(undoSecurity), answer: 'out-of-order' },
    { when: 'it is no step of this procedure', night: quiet, event: step(stepId('other')), answer: 'out-of-order' },
    { when: 'it was never started', night: quiet, event: done(undoSchema), answer: 'out-of-order' },
    { when: 'nobody asked about it before it started', night: quiet, event: asked(undoSchema), answer: 'out-of-order' },
    {
      when: 'it waits for a person',
      night: quietThen(step(undoSchema), asked(undoSchema)),
      event: step(undoSchema),
      answer: 'out-of-order',
    },
    {
      when: 'it is done',
      night: quietThen(step(undoSchema), done(undoSchema)),
      event: done(undoSchema),
      answer: 'out-of-order',
    },
    {
      when: 'a crash left it open, and it is started again',
      night: quietThen(step(undoSchema)),
      event: step(undoSchema),
      answer: ['step-started'],
    },
    {
      when: 'the guard is blocked',
      night: quietThen({ type: 'rollback-blocked', question: '?' }),
      event: step(undoSchema),
      answer: 'out-of-order',
    },
    {
      when: 'only its steps end a rollback',
      night: quiet,
      event: { type: 'rollback-done' } as const,
      answer: 'out-of-order',
    },
  ])('$event.type when $when: $answer', ({ night, event, answer }) => {
    expect(night().record(event)).toEqual(answer);
  });

  test('a step with a precondition can ask before it begins, and starts only after an answer', () => {
    const tcp = { tcp: 'db:5432' };
    const steps = [
      { id: 'undo', command: ['undo'], precondition: tcp },
      { id: 'rest', confirm: 'Look' },
    ];
    const night = new Night(
      aPlan({ phases: [{ id: schema, estimate: '1m', rollback: { steps } }], pre_approvals: [] }),
    );
    night.baseline().start(schema, 10);
    night.give({ kind: 'order', by: dana, reason: 'x' }, 20);
    night.stopWork(21);
    expect(night.record(asked(stepId(`${schema}/rest`)))).toBe('out-of-order');
    expect(night.record(asked(undoSchema))).toEqual(['step-asked']);
    expect(stageOf(night.state)).toBe('blocked');
    expect(night.record(step(undoSchema))).toBe('out-of-order');
    expect(night.give(confirm(undoSchema, 'again'))).toEqual(['step-answered']);
    expect(night.record(asked(undoSchema))).toEqual(['step-asked']);
    expect(night.give(confirm(undoSchema, 'again'))).toEqual(['step-answered']);
    expect(night.record(step(undoSchema))).toEqual(['step-started']);
  });

  test('an event that belongs to no running rollback is not recorded', () => {
    const event = { type: 'stop-work-started', v: 1, at: at(1), rollback: rollbackId('another') } as const;
    expect(new Night().give({ kind: 'record', event })).toEqual([]);
    expect(approved().give({ kind: 'record', event })).toEqual([]);
    expect(quiet().undo(40).give({ kind: 'record', event })).toEqual([]);
  });
});

describe('a person is asked', () => {
  const asking = quietThen(step(undoSchema), asked(undoSchema));
  const blocked = () => {
    const night = approved();
    night.record({ type: 'rollback-blocked', question: 'Who is that?' });
    return night;
  };
  test.each([
    {
      when: 'it may have left something at work: the executor sees to that',
      night: asking,
      input: confirm(undoSchema, 'done'),
      answer: ['step-answered'],
    },
    {
      when: 'it ended well, so what it left shall stay',
      night: quietThen(step(undoSchema), { ...asked(undoSchema), ended: 'well' }),
      input: confirm(undoSchema, 'done'),
      answer: ['step-done'],
    },
    {
      when: 'it is a comparison, which leaves nothing',
      night: quietThen(step(undoSchema), done(undoSchema), step(verifySchema), asked(verifySchema)),
      input: confirm(verifySchema, 'done'),
      answer: ['step-done', 'phase-undone'],
    },
    { when: 'it must run again', night: asking, input: confirm(undoSchema, 'again'), answer: ['step-answered'] },
    { when: 'another is asked about', night: asking, input: confirm(verifySchema, 'done'), answer: 'not-asked' },
    { when: 'nothing is asked', night: quiet, input: confirm(undoSchema, 'done'), answer: 'not-asked' },
    { when: 'stopping is not asked about', night: quiet, input: confirm('stop-work', 'done'), answer: 'not-asked' },
    {
      when: 'the rollback is blocked',
      night: blocked,
      input: confirm('stop-work', 'again'),
      answer: ['rollback-unblocked'],
    },
    {
      when: 'only the guard itself can prove it',
      night: blocked,
      input: confirm('stop-work', 'done'),
      answer: 'guard-proves',
    },
    {
      when: 'the rollback is blocked, not a step',
      night: blocked,
      input: confirm(undoSchema, 'done'),
      answer: 'not-asked',
    },
    { when: 'the principal may not', night: asking, input: confirm(undoSchema, 'done', ravi), answer: 'not-allowed' },
    {
      when: 'no rollback is under way',
      night: () => new Night(),
      input: confirm(undoSchema, 'done'),
      answer: 'no-rollback',
    },
  ])('$input.step, $input.answer, when $when: $answer', ({ night, input, answer }) => {
    expect(night().give(input)).toEqual(answer);
  });

  test.each([
    { when: 'a step asks', night: asking, input: confirm(verifySchema, 'done'), wanted: undoSchema },
    { when: 'it is blocked', night: blocked, input: confirm(undoSchema, 'done'), wanted: 'stop-work' },
    {
      when: 'nothing is asked',
      night: quiet,
      input: confirm(undoSchema, 'done'),
      wanted: 'none: no step asks now',
    },
  ])('who answers something else is told what is asked when $when: $wanted', ({ night, input, wanted }) => {
    const tonight = night();
    tonight.give(input);
    expect(tonight.refused?.wanted).toBe(`the step that asks: ${wanted}`);
  });

  test('a confirmation that forward work has stopped is refused with the way to continue', () => {
    const night = blocked();
    night.give(confirm('stop-work', 'done'));
    expect(night.refused?.todo).toMatch(/^End what is left.*ripcord confirm stop-work --again/);
    expect(rollbackOf(night.state)).toMatchObject({ state: 'blocked', question: 'Who is that?' });
  });

  test('a person’s confirmation of the last step ends the rollback like its proof', () => {
    const night = quiet();
    then(night, step(undoSchema), done(undoSchema), step(verifySchema), done(verifySchema));
    then(night, step(undoSecurity), done(undoSecurity), step(verifySecurity), asked(verifySecurity));
    expect(stageOf(night.state)).toBe('blocked');
    expect(night.give(confirm(verifySecurity, 'done'))).toEqual([
      'step-done',
      'phase-undone',
      'rollback-done',
      'watch-started',
    ]);
    expect(night.journal.findLast(({ type }) => type === 'step-done')).toMatchObject({
      how: 'confirmed',
      by: 'dana',
      output: 'I looked',
    });
  });

  test('a step that a person confirms does not run again, and is done once its remaining work is gone', () => {
    const night = asking();
    night.give(confirm(undoSchema, 'done'));
    expect(stageOf(night.state)).toBe('rolling-back');
    expect(night.record(step(undoSchema))).toBe('out-of-order');
    expect(night.record(step(verifySchema))).toBe('out-of-order');
    expect(night.give(confirm(undoSchema, 'again'))).toBe('not-asked');
    expect(night.record({ ...done(undoSchema), how: 'confirmed', by: dana.id })).toEqual(['step-done']);
  });

  test('a step that must run again counts its attempts', () => {
    const night = asking();
    night.give(confirm(undoSchema, 'again'));
    night.undo(50);
    expect(rollbackOf(night.state)?.steps[0]).toMatchObject({ state: 'done', attempt: 2 });
  });
});

test('a phase that ends during its rollback is recorded and still undone', () => {
  const night = quiet();
  expect(
    night.give(
      { kind: 'phase-fail', phase: schema, by: pipeline, exitCode: null, because: 'stopped by a rollback' },
      40,
    ),
  ).toEqual(['phase-failed']);
  night.undo(50);
  const earlier = [{ attempt: 1, supervisor }]; // so that the guard can still look for its processes
  expect(night.state.phases[1]).toEqual({ phase: schema, state: 'undone', attempt: 1, troubled: [], earlier });
  expect(night.finish(schema, 60)).toBe('not-running');
});
