import { describe, expect, test } from 'vitest';

import { hash, phaseId } from '../../../src/core/kernel/ids.ts';
import { decide } from '../../../src/core/run/decide.ts';
import type { PhaseInput } from '../../../src/core/run/input.ts';
import type { Reason } from '../../../src/core/verdicts/verdict.ts';
import {
  aPlan,
  at,
  boundaryOf,
  broken,
  child,
  dana,
  lena,
  omar,
  pipeline,
  planHash,
  priya,
  schema,
  search,
  security,
  slow,
  supervisor,
} from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const ready = () => new Night().baseline();
const running = () => {
  const night = ready();
  night.start(security, 10);
  return night;
};
const done = () => {
  const night = running();
  night.finish(security, 20);
  return night;
};
const lost = () => {
  const night = running();
  night.give({ kind: 'phase-lost', phase: security }, 80);
  return night;
};
/** A breach of the first phase, with the recommendation that follows from it. */
const breached = () => {
  const night = done();
  night.look([broken('breach')], 30);
  return night;
};
const undone = () => {
  const night = breached();
  night.approve(1, dana, 40);
  night.stopWork(41);
  return night.undo(42);
};

describe('a phase starts only if nothing blocks it', () => {
  const looked =
    (...verdicts: Parameters<Night['look']>[0]) =>
    () => {
      const night = ready();
      night.look(verdicts, 5);
      return night;
    };
  const unscripted = () => {
    const night = ready();
    night.look([], 5, 0, [search]);
    return night;
  };
  const expired = () => {
    const night = breached();
    night.look([broken('ok')], 2_000);
    night.look([broken('breach')], 2_001); // raised again
    night.decline(2, dana, 2_002);
    return night;
  };
  test.each([
    { of: 'the plan that the guard has read', hash: planHash, gives: ['phase-started'] },
    { of: 'no plan, but of a person', hash: undefined, gives: ['phase-started'] },
    { of: 'a plan that was edited since', hash: hash('sha256:edited'), gives: 'changed' },
  ])('whose command is that of $of: $gives', ({ hash: read, gives }) => {
    const boundary = boundaryOf(security, at(10));
    const start = { kind: 'phase-start', phase: security, by: pipeline, supervisor, boundary, planHash: read } as const;
    expect(ready().give(start, 10)).toEqual(gives);
  });
  test.each([
    { when: 'all is well', night: ready, phase: security, answer: ['phase-started'] },
    { when: 'the plan does not have it', night: ready, phase: phaseId('unheard-of'), answer: 'unknown-phase' },
    { when: 'an earlier one has not been applied', night: ready, phase: schema, answer: 'out-of-order' },
    { when: 'it runs', night: running, phase: security, answer: 'running' },
    { when: 'an earlier one runs', night: running, phase: schema, answer: 'out-of-order' },
    { when: 'it has been applied', night: done, phase: security, answer: 'finished' },
    { when: 'the one before it has been applied', night: done, phase: schema, answer: ['phase-started'] },
    { when: 'an earlier one was lost', night: lost, phase: schema, answer: 'out-of-order' },
    { when: 'nothing was measured before', night: () => new Night(), phase: security, answer: 'no-baseline' },
    { when: 'the run is held', night: () => (ready().hold(), held()), phase: security, answer: 'held' },
    { when: 'a probe gives no evidence', night: unscripted, phase: security, answer: 'blind' },
    { when: 'a check could not look', night: looked(broken('unknown')), phase: security, answer: 'blind' },
    {
      when: 'a check is broken',
      night: looked(broken('error', { because: 'check-is-broken' })),
      phase: security,
      answer: 'blind',
    },
    { when: 'a breach is there', night: looked(broken('breach')), phase: security, answer: 'breach' },
    {
      when: 'something is slow for a moment',
      night: looked(slow('ok', { warning: true, because: 'slower-pending' })),
      phase: security,
      answer: ['phase-started'],
    },
    {
      when: 'there are too few readings yet',
      night: looked(slow('unknown', { because: 'too-few-readings' })),
      phase: security,
      answer: ['phase-started'],
    },
    { when: 'a recommendation waits', night: breached, phase: schema, answer: 'recommendation-open' },
    { when: 'the breach was declined', night: expired, phase: schema, answer: ['phase-started'] },
    { when: 'a rollback is under way', night: () => approved(), phase: schema, answer: 'rolling-back' },
    { when: 'the watch goes on', night: undone, phase: security, answer: 'watching' },
    { when: 'the watch is over', night: () => settled(), phase: security, answer: ['phase-started'] },
  ])('$phase when $when: $answer', ({ night, phase, answer }) => {
    const tonight = night();
    expect(tonight.start(phase)).toEqual(answer);
  });

  const held = () => {
    const night = ready();
    night.hold(5);
    return night;
  };
  const approved = () => {
    const night = breached();
    night.approve(1, dana, 40);
    return night;
  };
  const settled = () => {
    const night = undone();
    night.look([broken('ok')], 50, 3_600_000);
    return night;
  };

  test.each([
    { by: dana, answer: ['phase-started'] },
    { by: lena, answer: ['phase-started'] },
    { by: priya, answer: 'not-allowed' },
  ])('$by.id, $by.role: $answer', ({ by, answer }) => {
    const input = {
      kind: 'phase-start',
      phase: security,
      by,
      supervisor,
      boundary: boundaryOf(security, at(5)),
    } as const;
    expect(ready().give(input)).toEqual(answer);
  });

  test('a phase that the changed plan no longer has cannot start', () => {
    const { state } = ready();
    const input = { kind: 'phase-start', phase: security, by: pipeline, supervisor } as const;
    const phases = [{ id: 'another', estimate: '1m', rollback: 'restore' }];
    const decision = decide(aPlan({ phases, pre_approvals: [] }), state, input, at(5));
    expect('refused' in decision && decision.refused.because).toBe('unknown-phase');
  });

  test('a request without a boundary starts nothing', () => {
    const night = ready();
    expect(night.give({ kind: 'phase-start', phase: security, by: pipeline, supervisor })).toEqual([]);
    expect(night.state.phases[0]?.state).toBe('not-started');
  });
});

describe('the effects of the previous phase must be known first', () => {
  const next = { kind: 'phase-start', phase: schema, by: pipeline, supervisor } as const;
  function after(because: Reason, second: number) {
    const night = new Night().baseline();
    night.start(security, 1);
    night.finish(security, 2);
    night.look([slow(because === 'too-few-readings' ? 'unknown' : 'ok', { because })], 3);
    return night.give(next, second);
  }
  test.each<{ because: Reason; second: number; gives: unknown }>([
    { because: 'too-few-readings', second: 4, gives: 'unsettled' },
    { because: 'slower-pending', second: 4, gives: 'unsettled' },
    { because: 'too-few-readings', second: 62, gives: 'unsettled' },
    { because: 'too-few-readings', second: 63, gives: [] },
    { because: 'as-before', second: 4, gives: [] },
  ])('$because at second $second: $gives', ({ because, second, gives }) => {
    expect(after(because, second)).toEqual(gives);
  });
});

describe('the reports of a phase', () => {
  const by = pipeline;
  const reports: readonly PhaseInput[] = [
    { kind: 'phase-spawned', phase: security, by, child },
    { kind: 'phase-progress', phase: security, by, fraction: 0.4 },
    { kind: 'phase-finish', phase: security, by },
    { kind: 'phase-fail', phase: security, by, exitCode: 1, because: 'exit 1' },
    { kind: 'phase-lost', phase: security },
  ];
  test.each(reports)('$kind is recorded while it runs, and refused where it does not', (report) => {
    expect(running().give(report)).toHaveLength(1);
    expect(ready().give(report)).toBe('not-running');
    expect(ready().give({ ...report, phase: phaseId('unheard-of') })).toBe('unknown-phase');
  });

  test('a repeated report is accepted without a second entry', () => {
    expect(done().give({ kind: 'phase-finish', phase: security, by })).toEqual([]);
    expect(undone().give({ kind: 'phase-fail', phase: security, by, exitCode: null, because: 'stopped' })).toEqual([]);
    const spawned = running();
    spawned.give({ kind: 'phase-spawned', phase: security, by, child });
    expect(spawned.give({ kind: 'phase-spawned', phase: security, by, child })).toEqual([]);
  });

  test('a report of an earlier attempt does not count for the current one', () => {
    const report = { kind: 'phase-finish', phase: security, by, tag: 'ripcord-phase-0' } as const;
    expect(running().give(report)).toBe('another-attempt');
    expect(running().give({ ...report, tag: supervisor.tag })).toHaveLength(1);
  });

  test.each(reports.filter(({ kind }) => kind !== 'phase-lost'))(
    '$kind after the phase was lost is recorded late',
    (report) => {
      expect(lost().give(report)).toHaveLength(1);
    },
  );

  test('a phase is lost once', () => {
    expect(lost().give({ kind: 'phase-lost', phase: security })).toEqual([]);
  });

  test.each([
    { fraction: 0.4, recorded: 0.4 },
    { fraction: -1, recorded: 0 },
    { fraction: 7, recorded: 1 },
  ])('progress $fraction is recorded as $recorded', ({ fraction, recorded }) => {
    const night = running();
    night.give({ kind: 'phase-progress', phase: security, by, fraction }, 15);
    expect(night.state.phases[0]?.clock?.progress).toEqual({ fraction: recorded, at: at(15) });
  });

  test('a principal without the right to report phases is refused', () => {
    expect(running().give({ kind: 'phase-finish', phase: security, by: priya })).toBe('not-allowed');
    expect(running().give({ kind: 'phase-finish', phase: security, by: omar })).toEqual(['phase-finished']);
  });

  test('a second attempt keeps the boundary of the first', () => {
    const night = running();
    night.give({ kind: 'phase-fail', phase: security, by, exitCode: 1, because: 'exit 1' }, 20);
    night.look([slow('ok', { warning: true })], 25);
    night.start(security, 30);
    expect(night.state.phases[0]).toMatchObject({
      state: 'running',
      attempt: 2,
      boundary: { at: at(10) },
      troubled: [],
    });
  });

  const failed = (night: Night, neverBegan?: true) => {
    const end = { exitCode: null, because: 'it failed', ...(neverBegan !== undefined && { neverBegan }) };
    return night.give({ kind: 'phase-fail', phase: security, by, ...end }, 20);
  };
  test('the report that the command was never started counts only without contrary reports', () => {
    const [never, begun, working, retried] = [running(), running(), running(), running()];
    failed(never, true);
    expect(never.state.phases[0]).toMatchObject({ state: 'failed', neverBegan: true });
    never.start(security, 30);
    expect(never.state.phases[0]).not.toHaveProperty('neverBegan');
    failed(never, true);
    expect(never.state.phases[0]).toHaveProperty('neverBegan');
    begun.give({ kind: 'phase-spawned', phase: security, by, child });
    working.give({ kind: 'phase-progress', phase: security, by, fraction: 0.1 });
    failed(retried);
    retried.start(security, 30);
    for (const night of [begun, working, retried]) {
      failed(night, true);
      expect(night.state.phases[0]).toMatchObject({ state: 'failed' });
      expect(night.state.phases[0]).not.toHaveProperty('neverBegan');
    }
  });

  test('an attempt after a rollback begins with a new boundary', () => {
    const night = undone();
    night.look([broken('ok')], 50, 3_600_000);
    night.start(security, 60);
    expect(night.state.phases[0]).toMatchObject({ state: 'running', attempt: 2, boundary: { at: at(60) } });
  });
});
