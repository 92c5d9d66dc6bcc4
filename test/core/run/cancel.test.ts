import { expect, test } from 'vitest';

import type { Fault } from '../../../src/core/evidence/finding.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { aPlan, dana, omar, priya, security, recordedPlan } from '../../support/builders.ts';
import { Night } from '../../support/night.ts';

const cancelling = aPlan({ catalogue: { 'lock-queue': { cancel_phase: true, lasting: '10s' } } });
const queue: Fault = {
  object: 'lock of public.molecule',
  what: 'is waited for by the phase’s own session 7 (remediation)',
  consequence: 'sustained',
  lasting: seconds(10),
  causedBy: { pid: 7, ofPhase: true },
};
const seen = (fault = queue) => ({ kind: 'phase-cancel', fault }) as const;
const cancelled = { kind: 'phase-cancelled', phase: security, outcome: 'cancelled' } as const;

const armed = (plan = cancelling) => new Night(plan).baseline().arm();
const running = (plan = cancelling) => {
  const night = armed(plan);
  night.start(security, 10);
  return night;
};
const once = () => {
  const night = running();
  night.give(seen(), 20);
  night.give(cancelled, 21);
  return night;
};

test('in an armed run whose plan allows it, the guard records the intent to cancel the phase’s statement', () => {
  const night = running();
  expect(night.give(seen(), 20)).toEqual(['phase-cancel-started']);
  expect(night.journal.at(-1)).toMatchObject({ phase: security, pid: 7, object: queue.object, what: queue.what, v: 1 });
  expect(night.give(cancelled, 21)).toEqual(['phase-cancel-done']);
  expect(night.journal.at(-1)).toMatchObject({ phase: security, pid: 7, outcome: 'cancelled' });
  expect(night.state.phases[0]).toMatchObject({ state: 'running', cancel: { pid: 7, outcome: 'cancelled' } });
});

test.each([
  { when: 'the plan does not say so', night: () => running(aPlan()), because: 'not-planned' },
  {
    when: 'the check is switched off',
    night: () => running(aPlan({ catalogue: { 'lock-queue': 'off' } })),
    because: 'not-planned',
  },
  {
    when: 'another session heads the queue',
    night: running,
    fault: { ...queue, causedBy: { pid: 7, ofPhase: false } },
    because: 'not-the-phases',
  },
  {
    when: 'it is unknown who heads it',
    night: running,
    fault: { object: queue.object, what: queue.what, consequence: 'sustained' } as const,
    because: 'not-the-phases',
  },
  {
    when: 'the run is not armed',
    night: () => {
      const night = new Night(cancelling).baseline();
      night.start(security, 10);
      return night;
    },
    because: 'not-armed',
  },
  {
    when: 'the run was disarmed',
    night: () => {
      const night = running();
      night.give({ kind: 'disarm', by: omar, reason: 'by hand from here' }, 15);
      return night;
    },
    because: 'not-armed',
  },
  { when: 'no phase has begun', night: armed, because: 'no-phase' },
  {
    when: 'the phase has ended',
    night: () => {
      const night = running();
      night.finish(security, 15);
      return night;
    },
    because: 'no-phase',
  },
  { when: 'one was cancelled a moment ago', night: once, because: 'just-cancelled' },
  {
    when: 'one is being cancelled',
    night: () => {
      const night = running();
      night.give(seen(), 20);
      return night;
    },
    because: 'just-cancelled',
  },
  {
    when: 'the run is closed',
    night: () => {
      const night = armed();
      night.give({ kind: 'close', by: dana, reason: 'over' }, 15);
      return night;
    },
    because: 'closed',
  },
])('nothing is cancelled when $when', ({ night, fault, because }) => {
  expect(night().give(seen(fault), 25)).toBe(because);
});

test('a queue that forms again after the waiting time leads to another cancellation', () => {
  expect(once().give(seen(), 31)).toEqual(['phase-cancel-started']);
});

test('a missing outcome is recorded as unknown before the next cancellation', () => {
  const night = running();
  night.give(seen(), 20);
  expect(night.give(seen(), 31)).toEqual(['phase-cancel-done', 'phase-cancel-started']);
  expect(night.journal.at(-2)).toMatchObject({ outcome: 'unknown' });
});

test('after a restart between intent and outcome, the outcome is unknown and the queue is checked again', () => {
  const night = running();
  night.give(seen(), 20);
  expect(night.give({ kind: 'restart', plan: recordedPlan() }, 25)).toEqual(['guard-restarted', 'phase-cancel-done']);
  expect(night.journal.at(-1)).toMatchObject({ pid: 7, outcome: 'unknown' });
  expect(night.give(cancelled, 26), 'what the daemon says that died').toEqual([]);
  expect(night.give({ kind: 'restart', plan: recordedPlan() }, 27)).toEqual(['guard-restarted']);
  expect(night.give(seen(), 31)).toEqual(['phase-cancel-started']);
});

test('a refusal by the server is recorded with its message', () => {
  const night = running();
  night.give(seen(), 20);
  night.give({ ...cancelled, outcome: 'failed', said: 'permission denied' }, 21);
  expect(night.journal.at(-1)).toMatchObject({ outcome: 'failed', said: 'permission denied' });
});

test('a new attempt of the phase starts without cancellations', () => {
  const night = once();
  night.give({ kind: 'phase-fail', phase: security, by: priya, exitCode: 1, because: 'cancelled' }, 22);
  night.give({ kind: 'phase-fail', phase: security, by: dana, exitCode: 1, because: 'cancelled' }, 22);
  night.start(security, 23);
  expect(night.state.phases[0]?.attempt).toBe(2);
  expect(night.give(seen(), 24)).toEqual(['phase-cancel-started']);
});
