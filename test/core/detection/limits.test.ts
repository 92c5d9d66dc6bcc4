import { describe, expect, test } from 'vitest';

import { falseAlarms, slownessLimits, watchRules } from '../../../src/core/detection/limits.ts';
import { hours, minutes, perYear, ratio, seconds } from '../../../src/core/kernel/units.ts';
import { aPlan } from '../../support/builders.ts';

describe('what counts as slower', () => {
  const criteria = (performance: object = {}) => aPlan({ criteria: { performance } }).criteria;
  const [phase] = aPlan({
    phases: [
      {
        id: 'slow',
        estimate: '1m',
        rollback: 'restore',
        effects: { slower_than: '80%', downtime: '3m', slower_afterwards: '60%' },
      },
    ],
    pre_approvals: [],
  }).phases;
  const none = { applied: [] };
  test.each([
    { when: 'the plan says nothing', of: {}, probe: {}, now: none, is: [1.5, 1.4, 10] },
    { when: 'it says its own limit', of: { slower_than: '100%' }, probe: {}, now: none, is: [2, 1.8, 10] },
    { when: 'it says where grey begins', of: { never_below: '25%' }, probe: {}, now: none, is: [1.5, 1.25, 10] },
    { when: 'there is no grey zone', of: { never_below: '50%' }, probe: {}, now: none, is: [1.5, 1.5, 10] },
    {
      when: 'a probe has its own',
      of: {},
      probe: { slower_than: ratio(3), ignore_stalls_under: seconds(2) },
      now: none,
      is: [3, 2.6, 2],
    },
    { when: 'a phase runs', of: {}, probe: {}, now: { running: phase, applied: [] }, is: [1.8, 1.64, 180] },
    { when: 'it was applied', of: {}, probe: {}, now: { applied: [phase!] }, is: [1.6, 1.48, 10] },
    {
      when: 'the probe’s own limit is wider than the phase’s',
      of: {},
      probe: { slower_than: ratio(3) },
      now: { running: phase, applied: [] },
      is: [3, 2.6, 180],
    },
  ])('$when: limit, guard and stall are $is', ({ of, probe, now, is }) => {
    const { limit, guard, ignoreStallsUnder } = slownessLimits(criteria(of), probe, now);
    expect([limit, Number(guard.toFixed(9)), ignoreStallsUnder / 1_000]).toEqual(is);
  });
});

describe('the tolerated rate of false alarms', () => {
  test.each([
    { when: 'an hour is watched', run: hours(1), phases: 0, rate: 1, ofRun: 1 / 8_760, watches: 1 },
    { when: 'a run is shorter than that', run: minutes(3), phases: 0, rate: 1, ofRun: 1 / 8_760, watches: 1 },
    { when: 'five phases take four hours', run: hours(4), phases: 5, rate: 1, ofRun: 4 / 8_760, watches: 11 },
    { when: 'hardly a day would pass without one', run: hours(24 * 30), phases: 1, rate: 365, ofRun: 0.5, watches: 3 },
  ])('once a year, when $when', ({ run, phases, rate, ofRun, watches }) => {
    const share = falseAlarms(perYear(rate), run, phases);
    expect(share.ofRun).toBeCloseTo(ofRun, 12);
    expect(share.ofWatch * watches).toBeCloseTo(share.ofRun, 12);
    expect(share.watch * watches).toBeCloseTo(Math.max(run, hours(1)), 3);
  });

  test('a strict rule is strict up to the limit; both know how many readings a stall has', () => {
    const limits = { limit: ratio(1.5), guard: ratio(1.4), ignoreStallsUnder: seconds(10) };
    const { grey, strict } = watchRules(limits, falseAlarms(perYear(1), hours(1), 0), seconds(3));
    expect(grey).toEqual({
      limit: 1.5,
      guard: 1.4,
      falseAlarms: 1 / 8_760,
      readings: 1_200,
      stallReadings: 4,
      marked: true,
    });
    expect(strict).toEqual({ ...grey, guard: 1.5 });
  });
});
