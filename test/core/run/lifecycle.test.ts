import { describe, expect, test } from 'vitest';

import { hash, type StepId } from '../../../src/core/kernel/ids.ts';
import { millis } from '../../../src/core/kernel/units.ts';
import { decideOpen } from '../../../src/core/run/decide.ts';
import { evolve } from '../../../src/core/run/evolve.ts';
import { newestMoment } from '../../../src/core/run/resume.ts';
import { rollbackOf, stageOf } from '../../../src/core/run/state.ts';
import {
  aBaseline,
  at,
  broken,
  dana,
  finding,
  pipeline,
  place,
  planHash,
  priya,
  run,
  schema,
  security,
  target,
  recordedPlan,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const capture = { kind: 'capture', length: millis(300_000), by: dana } as const;
const captured = { kind: 'captured', baseline: aBaseline(), hash: hash('sha256:b') } as const;
const failed = { kind: 'capture-failed', because: 'it never answered' } as const;
const changed = hash('sha256:another-plan');

describe('opening', () => {
  const open = { kind: 'open', run, plan: recordedPlan(), environment: 'staging', target, by: dana } as const;
  test('a run begins with what it was opened for', () => {
    expect(new Night().state).toMatchObject({ run, seq: 2, environment: 'staging', target, plan: { hash: planHash } });
    expect(new Night().state.phases.map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'not-started'));
  });

  test.each([
    { when: 'a run is open', input: open, before: new Night().state, because: 'already-open' },
    { when: 'the principal may not', input: { ...open, by: priya }, before: undefined, because: 'not-allowed' },
  ])('refused when $when: $because', ({ input, before, because }) => {
    const decision = decideOpen(new Night().plan, before, input, at(0));
    expect('refused' in decision && decision.refused.because).toBe(because);
  });
});

describe('the baseline', () => {
  const touched = () => {
    const night = new Night().baseline();
    night.start(security, 10);
    return night;
  };
  const capturing = () => {
    const night = new Night();
    night.give(capture);
    return night;
  };
  const armedMeanwhile = () => {
    const night = new Night().baseline();
    night.give(capture);
    night.state = evolve(night.state, { type: 'run-armed', v: 1, at: night.now, by: dana.id, until: at(3_600) });
    return night;
  };
  test.each([
    { when: 'nothing is there', night: () => new Night(), input: capture, answer: ['capture-started'] },
    { when: 'one is being captured', night: capturing, input: capture, answer: 'capturing' },
    {
      when: 'one is frozen and no phase was started',
      night: () => new Night().baseline(),
      input: capture,
      answer: ['capture-started'],
    },
    { when: 'a phase was started', night: touched, input: capture, answer: 'too-late' },
    { when: 'the run is armed', night: () => new Night().baseline().arm(), input: capture, answer: 'armed' },
    {
      when: 'the run is armed by an older guard meanwhile',
      night: () => armedMeanwhile(),
      input: captured,
      answer: ['capture-failed'],
    },
    {
      when: 'the principal may not',
      night: () => new Night(),
      input: { ...capture, by: pipeline },
      answer: 'not-allowed',
    },
    { when: 'its time is over', night: capturing, input: captured, answer: ['baseline-frozen'] },
    { when: 'it failed', night: capturing, input: failed, answer: ['capture-failed'] },
    { when: 'nobody captures: it comes too late', night: () => new Night(), input: captured, answer: [] },
    { when: 'a phase was started: nothing moves it', night: touched, input: captured, answer: [] },
    { when: 'nobody captures: a failure says nothing', night: () => new Night(), input: failed, answer: [] },
  ])('$input.kind when $when: $answer', ({ night, input, answer }) => {
    expect(night().give(input)).toEqual(answer);
  });

  test('can be captured again after disarming', () => {
    const night = new Night().baseline().arm();
    night.give({ kind: 'disarm', by: priya, reason: 'a new baseline' });
    expect(night.give(capture)).toEqual(['capture-started']);
  });

  test('the run is not armed while another baseline is captured', () => {
    const night = new Night().baseline();
    night.give(capture);
    night.arm();
    expect(night.refused).toMatchObject({ because: 'not-ready', missing: [expect.stringContaining('captured')] });
  });

  test('no phase starts while readings for another baseline are collected', () => {
    const night = new Night().baseline();
    night.give(capture);
    expect(night.start(security)).toBe('capturing');
    night.give(failed);
    expect(night.start(security)).toEqual(['phase-started']);
  });
});

describe('hold, resume, close', () => {
  const hold = { kind: 'hold', by: priya, reason: 'coffee' } as const;
  const resume = { kind: 'resume', by: dana } as const;
  const close = { kind: 'close', by: dana, reason: 'done' } as const;
  const running = () => {
    const night = new Night().baseline();
    night.start(security, 10);
    return night;
  };
  const rollingBack = () => {
    const night = running();
    night.look([broken('breach')], 20);
    night.approve(1, dana, 30);
    return night;
  };
  const held = () => {
    const night = new Night();
    night.give(hold);
    return night;
  };
  test('one person can hold a run for a limited number of reasons; others can still hold it', () => {
    const night = running();
    for (const reason of '0123456789') expect(night.give({ ...hold, reason })).toEqual(['run-held']);
    const before = night.state;
    expect(night.give({ ...hold, reason: 'one more' })).toBe('held');
    expect(night.give({ ...hold, reason: '7' })).toEqual([]);
    expect(night.state).toBe(before);
    expect(night.give({ ...hold, by: dana })).toEqual(['run-held']);
  });

  test.each([
    { when: 'the run is open', night: () => new Night(), input: hold, answer: ['run-held'] },
    { when: 'it is held already', night: held, input: hold, answer: [] },
    {
      when: 'the principal may not',
      night: () => new Night(),
      input: { ...hold, by: pipeline },
      answer: 'not-allowed',
    },
    { when: 'it is held', night: held, input: resume, answer: ['run-resumed'] },
    { when: 'it is not held', night: () => new Night(), input: resume, answer: [] },
    { when: 'nothing is running', night: held, input: close, answer: ['run-closed'] },
    { when: 'the principal may not', night: held, input: { ...close, by: priya }, answer: 'not-allowed' },
    { when: 'a phase runs', night: running, input: close, answer: 'running' },
    { when: 'a rollback is under way', night: rollingBack, input: close, answer: 'rolling-back' },
  ])('$input.kind when $when: $answer', ({ night, input, answer }) => {
    expect(night().give(input)).toEqual(answer);
  });

  test('a closed run ignores every input', () => {
    const night = held();
    night.give(close);
    expect(stageOf(night.state)).toBe('closed');
    const before = night.state;
    expect(night.look([broken('breach')], 99)).toEqual([]);
    expect(night.give({ kind: 'finding', finding: finding('breach') })).toEqual([]);
    expect(night.give({ kind: 'restart', plan: recordedPlan() })).toEqual([]);
    for (const input of [hold, resume, close, capture]) expect(night.give(input)).toBe('closed');
    expect(night.state).toBe(before);
  });
});

describe('a restart', () => {
  const allowed = () => new Night().baseline().arm();
  test('with the same plan revokes nothing', () => {
    const night = allowed();
    const { authority } = night.state;
    expect(night.give({ kind: 'restart', plan: recordedPlan() })).toEqual(['guard-restarted']);
    expect(night.state.authority).toEqual(authority);
  });

  test('with a changed plan voids pre-approvals, waivers and arming', () => {
    const night = allowed();
    expect(night.give({ kind: 'restart', plan: recordedPlan(changed) })).toEqual([
      'guard-restarted',
      'plan-recorded',
      'pre-approval-ended',
    ]);
    expect(night.state.recordedPlan).toEqual(recordedPlan(changed));
    expect(night.state.authority).toEqual({ waivers: [], preApprovals: [] });
    expect(night.give({ kind: 'arm', by: dana })).toBe('not-ready');
  });

  test('with a changed plan voids an incomplete approval', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    night.approve(1, priya, 30);
    night.give({ kind: 'restart', plan: recordedPlan(changed) }, 40);
    expect(night.approve(1, dana, 50)).toBe('changed');
    expect(night.look([broken('breach')], 60)).toEqual(['recommendation-superseded', 'recommendation-raised']);
    expect(night.state.recommendations.at(-1)?.approvals).toEqual([]);
  });
});

describe('what follows from a restart is in one append with it:', () => {
  const far = 100_000;
  test.each([
    { what: 'what has expired meanwhile', second: far, more: {}, follows: ['arming-expired', 'pre-approval-ended'] },
    {
      what: 'what a token allowed that is revoked by now',
      second: 40,
      more: { revoked: [dana.id] },
      follows: ['arming-expired', 'waiver-ended', 'waiver-ended', 'waiver-ended', 'pre-approval-ended'],
    },
  ])('$what', ({ second, more, follows }) => {
    const night = new Night().baseline().arm();
    expect(night.give({ kind: 'restart', plan: recordedPlan(), ...more }, second)).toEqual([
      'guard-restarted',
      ...follows,
    ]);
  });

  test('a capture that the restart interrupted', () => {
    const night = new Night();
    night.give({ kind: 'capture', length: millis(1), by: dana });
    expect(night.give({ kind: 'restart', plan: recordedPlan() }, 40)).toEqual(['guard-restarted', 'capture-failed']);
  });

  test('with a changed plan, a rollback between two steps waits until a person lets it continue', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    night.approve(1, dana, 30);
    night.stopWork();
    night.record({
      type: 'step-started',
      step: rollbackOf(night.state)!.steps[0]!.step.id,
      attempt: 1,
      tag: 't',
      on: place,
    });
    expect(night.give({ kind: 'restart', plan: recordedPlan() }, 40)).toEqual(['guard-restarted']);
    expect(night.give({ kind: 'restart', plan: recordedPlan(changed) }, 41)).toEqual([
      'guard-restarted',
      'plan-recorded',
      'rollback-blocked',
    ]);
    expect(rollbackOf(night.state)?.question).toMatch(/The plan was edited during the rollback/);
    const again = { kind: 'confirm', step: 'stop-work' as StepId, answer: 'again', by: dana, reason: 'seen' } as const;
    expect(night.give(again)).toEqual(['rollback-unblocked']);
    expect(night.give({ kind: 'restart', plan: recordedPlan(changed) }, 50)).toEqual(['guard-restarted']);
    expect(night.stopWork()).toEqual(['stop-work-proved']);
    expect(rollbackOf(night.undo().state)?.state).toBe('done');
  });

  test('with a changed plan, a rollback without a started step is proposed again, even if its steps are the same', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    night.approve(1, dana, 30);
    night.give({ kind: 'restart', plan: recordedPlan(changed) }, 40);
    expect(night.stopWork()).toEqual(['stop-work-proved', 'rollback-aborted', 'recommendation-raised']);
    expect(rollbackOf(night.state)?.because).toBe('the plan was edited since it was approved');
  });
});

describe('a restart with a clock that is behind the journal', () => {
  const hour = 3_600;
  const restart = () => ({ kind: 'restart' as const, plan: recordedPlan() });
  /** With a reading of that moment in the journal. */
  const restartAfter = (night: Night, newestReading: number) => ({
    ...restart(),
    newest: newestMoment(night.state, { newestReading: at(newestReading) }),
  });
  const ended = ['guard-restarted', 'arming-expired', 'pre-approval-ended'];
  const asking = (from = new Night().baseline()) => {
    from.start(security, hour);
    from.look([broken('breach')], hour + 10);
    return from;
  };

  test.each([
    { when: 'an hour before the last event', second: 0, answer: ended },
    {
      when: 'an hour before the last reading, though no event is later',
      second: hour,
      newest: 2 * hour,
      answer: ended,
    },
    {
      when: 'a second before it, where the guard’s own clock would have passed that over',
      second: hour - 1,
      answer: ended,
    },
    { when: 'a second after it', second: hour + 1, answer: ['guard-restarted'] },
  ])('$when: $answer', ({ second, newest, answer }) => {
    const night = new Night().baseline();
    night.now = at(hour);
    night.arm();
    expect(night.give(newest === undefined ? restart() : restartAfter(night, newest), second)).toEqual(answer);
    const isEnded = answer === ended;
    expect(night.state.authority.armed === undefined).toBe(isEnded);
    expect(night.state.authority.preApprovals).toHaveLength(isEnded ? 0 : 1);
    expect(night.state.authority.waivers).not.toEqual([]);
  });

  test('raises the open recommendation again for the same people, without its approvals', () => {
    const night = asking();
    night.approve(1, priya, hour + 20);
    expect(night.give(restart(), 0)).toEqual(['guard-restarted', 'recommendation-superseded', 'recommendation-raised']);
    const [before, open] = night.state.recommendations;
    expect(before?.answer?.reason).toBe(
      'the clock was set back by at least 1h, so it is unknown how long ago it was raised',
    );
    expect(open).toMatchObject({
      state: 'open',
      evidence: before?.evidence,
      procedure: before?.procedure,
      approvals: [],
    });
    expect(open?.expiresAt).toBe(at(1_800));
    expect(night.look([broken('breach')], 1)).toEqual([]);
    expect(night.approve(2, dana, 2)).toEqual(['recommendation-approved', 'rollback-started']);
  });

  test('does not act by itself on the recommendation that it raises again', () => {
    const night = asking().arm();
    expect(night.give(restart(), 0)).toEqual([...ended, 'recommendation-superseded', 'recommendation-raised']);
    expect(rollbackOf(night.state)).toBeUndefined();
  });

  test('continues the rollback that had begun', () => {
    const night = asking();
    night.approve(1, dana, hour + 20);
    expect(night.give(restart(), 0)).toEqual(['guard-restarted']);
    expect(rollbackOf(night.state)?.state).toBe('starting');
  });

  test('is handled once: the next restart revokes nothing, although readings from before the step still exist', () => {
    const night = new Night().baseline();
    night.give(restartAfter(night, hour), 0);
    night.arm();
    expect(night.give(restartAfter(night, hour), 60)).toEqual(['guard-restarted']);
    expect(night.give(restartAfter(night, hour + 120), 90)).toEqual(ended); // the clock was set back again
  });

  test('events recorded at the earlier moments, such as a revocation, do not hide the step', () => {
    const night = new Night().baseline();
    night.now = at(hour);
    night.arm();
    night.give({ kind: 'finding', finding: finding('ok') }, 0);
    expect(night.give(restart(), 1)).toEqual(ended);
  });
});

test.each([
  { when: 'it is new', findings: [finding('ok')], answer: ['finding-changed'] },
  { when: 'it is the same', findings: [finding('ok'), finding('ok', 30)], answer: [] },
  { when: 'its status changed', findings: [finding('ok'), finding('unknown', 30)], answer: ['finding-changed'] },
  {
    when: 'its answer changed',
    findings: [finding('ok', 0, { fingerprint: 'a' }), finding('ok', 30, { fingerprint: 'b' })],
    answer: ['finding-changed'],
  },
])('a finding is written down when $when: $answer', ({ findings, answer }) => {
  const night = new Night();
  expect(findings.map((one) => night.give({ kind: 'finding', finding: one })).at(-1)).toEqual(answer);
});

test('a run has exactly one stage at every moment', () => {
  const night = new Night().baseline();
  const stages = [stageOf(night.state)];
  const note = () => stages.push(stageOf(night.state));
  night.start(security, 10);
  night.look([broken('breach')], 20);
  note();
  night.approve(1, dana, 30);
  note();
  night.record({ type: 'rollback-blocked', question: 'Who is that?' });
  note();
  night.give({ kind: 'confirm', step: 'stop-work' as never, answer: 'again', by: dana, reason: 'a friend' });
  night.stopWork(40);
  night.undo(50);
  note();
  night.look([broken('ok')], 60, 3_600_000);
  note();
  night.start(security, 70);
  note();
  night.finish(security, 80);
  night.start(schema, 85);
  night.hold(90);
  note();
  expect(stages).toEqual(['open', 'recommending', 'rolling-back', 'blocked', 'watching', 'settled', 'open', 'held']);
});
