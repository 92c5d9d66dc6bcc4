import { describe, expect, test } from 'vitest';

import { hash, type StepId } from '../../src/core/kernel/ids.ts';
import { hours, type Instant, instant } from '../../src/core/kernel/units.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { at, atNight, broken, dana, planHash, recommendation, security, recordedPlan } from '../support/builders.ts';
import { Night } from '../support/night.ts';
import { authorityFaults } from './authority-faults.ts';
import { rollbackOf } from '../../src/core/run/state.ts';
import { thisPlace } from '../../src/phases/process-identity.ts';

const other = hash('sha256:other');
const covered = () => [security] as readonly string[];

/** The events of an armed run in which the guard starts a rollback by itself and carries it out. */
function acted(): readonly RunEvent[] {
  const night = new Night().baseline().arm();
  night.start(security, 10);
  night.look([broken('breach')], 20);
  night.stopWork();
  night.undo();
  return night.journal;
}
const place = (type: RunEvent['type']) => acted().findIndex((event) => event.type === type);
const put = (before: RunEvent['type'], ...more: readonly RunEvent[]) => acted().toSpliced(place(before), 0, ...more);
const change = (type: RunEvent['type'], to: object) =>
  acted().map((event) => (event.type === type ? { ...event, ...to } : event));
const restarted = (second: number, more: { planHash?: typeof other; setBackFrom?: Instant } = {}): RunEvent => ({
  type: 'guard-restarted',
  v: 1,
  at: at(second),
  planHash,
  ...more,
});

test('allowed actions are not faults: by pre-approval, by a person, across a restart, and under another plan after a new answer', () => {
  expect(acted().map(({ type }) => type)).toContain('rollback-started');
  expect(authorityFaults(acted(), covered)).toEqual([]);
  expect(authorityFaults(put('recommendation-raised', restarted(20)), covered)).toEqual([]);
  const night = new Night().baseline();
  night.start(security, 10);
  night.look([broken('breach')], 20);
  night.approve(1, dana, 30);
  night.stopWork();
  const [step] = rollbackOf(night.state)!.steps;
  night.record({ type: 'step-started', step: step!.step.id, attempt: 1, tag: 't', on: thisPlace() });
  night.give({ kind: 'restart', plan: recordedPlan(other) }, 40);
  night.give({ kind: 'confirm', step: 'stop-work' as StepId, answer: 'again', by: dana, reason: 'seen' });
  night.stopWork();
  night.undo();
  expect(authorityFaults(night.journal, () => [])).toEqual([]);
});

describe('the independent audit finds', () => {
  test.each([
    { what: 'arming that has ended', events: change('run-armed', { until: at(5) }), says: /arming had ended/ },
    {
      what: 'no arming',
      events: put('recommendation-raised', { type: 'arming-expired', v: 1, at: at(15) }),
      says: /arming was not there/,
    },
    {
      what: 'a pre-approval that has ended',
      events: change('pre-approval-activated', { until: at(5) }),
      says: /the pre-approval had ended/,
    },
    {
      what: 'a pre-approval of another plan',
      events: change('pre-approval-activated', { planHash: other }),
      says: /the pre-approval was given under another plan/,
    },
    {
      what: 'a pre-approval that is used up',
      events: change('pre-approval-activated', { uses: 0 }),
      says: /was used up/,
    },
    {
      what: 'a permission from before the plan was edited',
      events: put('recommendation-raised', restarted(20, { planHash: other })),
      says: /arming was not there/,
    },
    {
      what: 'a permission from before the clock was set back',
      events: put('recommendation-raised', restarted(11, { setBackFrom: at(3_600) })),
      says: /arming was not there/,
    },
    {
      what: 'a permission that had ended by the machine’s monotonic clock',
      events: put('recommendation-raised', { type: 'clock-ran-ahead', v: 1, at: at(10), length: hours(100) }),
      says: /arming had ended/,
    },
    {
      what: 'a step after the plan was edited',
      events: put('step-started', restarted(21, { planHash: other })),
      says: /step-started .*the plan is another/,
    },
    {
      what: 'an event with a time long before the newest one',
      events: put('recommendation-raised', { type: 'arming-expired', v: 1, at: instant(at(0) - 3_600_000) }),
      says: /a second or more before/,
    },
    {
      what: 'a rollback without an approval',
      events: acted().filter(({ type }) => type !== 'recommendation-approved'),
      says: /no complete approval/,
    },
    {
      what: 'an automatic rollback that does not use the pre-approval',
      events: acted().filter(({ type }) => type !== 'pre-approval-used'),
      says: /no use of a pre-approval/,
    },
    {
      what: 'a recommendation that had expired',
      events: change('recommendation-raised', { expiresAt: at(19) }),
      says: /the recommendation had expired/,
    },
  ])('$what', ({ events, says }) => {
    expect(authorityFaults(events, covered).join('\n')).toMatch(says);
  });

  test('a phase that the pre-approval does not cover', () => {
    expect(authorityFaults(acted(), () => []).join('\n')).toMatch(/the pre-approval does not cover security-lockdown/);
  });

  test('an event that was written before the restart was recorded', () => {
    const start = place('recommendation-raised');
    expect(authorityFaults(acted(), covered, [0, start]).join('\n')).toMatch(/before the restart was on record/);
    expect(authorityFaults(put('recommendation-raised', restarted(20)), covered, [0, start])).toEqual([]);
  });
});

test('the test run uses the expected pre-approval', () => {
  expect(acted().find(({ type }) => type === 'pre-approval-used')).toMatchObject({
    preApproval: atNight,
    recommendation: recommendation(1),
  });
});
