import { describe, expect, test } from 'vitest';

import { hash } from '../../../src/core/kernel/ids.ts';
import { millis } from '../../../src/core/kernel/units.ts';
import { decideOpen } from '../../../src/core/run/decide.ts';
import { stageOf } from '../../../src/core/run/state.ts';
import {
  aBaseline,
  at,
  broken,
  dana,
  finding,
  pipeline,
  planHash,
  priya,
  run,
  schema,
  security,
  target,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const capture = { kind: 'capture', length: millis(300_000), by: dana } as const;
const captured = { kind: 'captured', baseline: aBaseline(), hash: hash('sha256:b') } as const;
const failed = { kind: 'capture-failed', because: 'it never answered' } as const;
const changed = hash('sha256:another-plan');

describe('opening', () => {
  const open = { kind: 'open', run, planHash, environment: 'staging', target, by: dana } as const;
  test('a run begins with what it was opened for', () => {
    expect(new Night().state).toMatchObject({ run, seq: 1, environment: 'staging', target, plan: { hash: planHash } });
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
    { when: 'nothing goes on', night: held, input: close, answer: ['run-closed'] },
    { when: 'the principal may not', night: held, input: { ...close, by: priya }, answer: 'not-allowed' },
    { when: 'a phase runs', night: running, input: close, answer: 'running' },
    { when: 'a rollback is under way', night: rollingBack, input: close, answer: 'rolling-back' },
  ])('$input.kind when $when: $answer', ({ night, input, answer }) => {
    expect(night().give(input)).toEqual(answer);
  });

  test('a closed run hears nothing any more', () => {
    const night = held();
    night.give(close);
    expect(stageOf(night.state)).toBe('closed');
    const before = night.state;
    expect(night.look([broken('breach')], 99)).toEqual([]);
    expect(night.give({ kind: 'finding', finding: finding('breach') })).toEqual([]);
    expect(night.give({ kind: 'restart', planHash })).toEqual([]);
    for (const input of [hold, resume, close, capture]) expect(night.give(input)).toBe('closed');
    expect(night.state).toBe(before);
  });
});

describe('a restart', () => {
  const allowed = () => new Night().baseline().arm();
  test('with the same plan takes nothing', () => {
    const night = allowed();
    const { authority } = night.state;
    expect(night.give({ kind: 'restart', planHash })).toEqual(['guard-restarted']);
    expect(night.state.authority).toEqual(authority);
  });

  test('with a changed plan voids all that was allowed: pre-approvals, waivers and arming', () => {
    const night = allowed();
    expect(night.give({ kind: 'restart', planHash: changed })).toEqual(['guard-restarted', 'pre-approval-ended']);
    expect(night.state.authority).toEqual({ waivers: [], preApprovals: [] });
    expect(night.give({ kind: 'arm', by: dana })).toBe('not-ready');
  });

  test('with a changed plan voids an approval that waits for its second', () => {
    const night = new Night().baseline();
    night.start(security, 10);
    night.look([broken('breach')], 20);
    night.approve(1, priya, 30);
    night.give({ kind: 'restart', planHash: changed }, 40);
    expect(night.approve(1, dana, 50)).toBe('changed');
    expect(night.look([broken('breach')], 60)).toEqual(['recommendation-superseded', 'recommendation-raised']);
    expect(night.state.recommendations.at(-1)?.approvals).toEqual([]);
  });
});

describe('a restart after which the clock shows less than the journal', () => {
  const hour = 3_600;
  const restart = (newestReading?: number) => ({
    kind: 'restart' as const,
    planHash,
    ...(newestReading !== undefined && { newestReading: at(newestReading) }),
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
    { when: 'at most a minute before it: clocks are corrected so', second: hour - 60, answer: ['guard-restarted'] },
    {
      when: 'an hour after it: what is over by then ends at the next look',
      second: 2 * hour,
      answer: ['guard-restarted'],
    },
  ])('$when: $answer', ({ second, newest, answer }) => {
    const night = new Night().baseline();
    night.now = at(hour);
    night.arm();
    expect(night.give(restart(newest), second)).toEqual(answer);
    const isEnded = answer === ended;
    expect(night.state.authority.armed === undefined).toBe(isEnded);
    expect(night.state.authority.preApprovals).toHaveLength(isEnded ? 0 : 1);
    expect(night.state.authority.waivers).not.toEqual([]);
  });

  test('asks the open recommendation anew, of the same people, and no approval of it counts any more', () => {
    const night = asking();
    night.approve(1, priya, hour + 20);
    expect(night.give(restart(), 0)).toEqual(['guard-restarted', 'recommendation-superseded', 'recommendation-raised']);
    const [before, open] = night.state.recommendations;
    expect(before?.answer?.reason).toBe(
      'the clock was set back by 1h at least: nobody knows how long ago it was asked',
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

  test('does not act by itself on what it asks anew', () => {
    const night = asking().arm();
    expect(night.give(restart(), 0)).toEqual([...ended, 'recommendation-superseded', 'recommendation-raised']);
    expect(night.state.rollback).toBeUndefined();
  });

  test('goes on with the rollback that was begun', () => {
    const night = asking();
    night.approve(1, dana, hour + 20);
    expect(night.give(restart(), 0)).toEqual(['guard-restarted']);
    expect(night.state.rollback?.state).toBe('starting');
  });

  test('is told once: the next restart takes nothing, though readings from before the step are there still', () => {
    const night = new Night().baseline();
    night.give(restart(hour), 0);
    night.arm();
    expect(night.give(restart(hour), 60)).toEqual(['guard-restarted']);
    expect(night.give(restart(hour + 120), 90)).toEqual(ended); // and once more it was set back
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

test('a stage is one word at every moment of a night', () => {
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
