import { describe, expect, test } from 'vitest';

import {
  combineStrengths,
  compare,
  type ActiveAlarm,
  stateOf,
  strongestChannel,
} from '../../../src/core/detection/judge-slowness.ts';
import { slownessLimits } from '../../../src/core/detection/limits.ts';
import { type Scales, scalesFor } from '../../../src/core/detection/scales.ts';
import { kept, type Slowness, startSlowness, strengthsOf, takeReading } from '../../../src/core/detection/slowness.ts';
import type { Reading } from '../../../src/core/evidence/reading.ts';
import { type Ratio, ratio } from '../../../src/core/kernel/units.ts';
import { aBaseline, answered, aPlan, at, failed, missing, start, unreached } from '../../support/builders.ts';

const plan = aPlan();
const probe = plan.probes[0]!;
const baseline = aBaseline();
const scales = scalesFor(plan, probe, baseline, slownessLimits(plan.criteria, probe, { applied: [] })) as Scales;

/** The baseline's own readings again, `times` as slow. */
const latencies = baseline.probes[0]!.latencies;
const likeBefore = (from: number, count: number, times = 1): readonly Reading[] =>
  Array.from({ length: count }, (_, index) =>
    answered(from + index, (latencies[(from + index) % latencies.length] ?? 0) * times),
  );
const seen = (readings: readonly Reading[], common?: Ratio, from = startSlowness(start, scales)): Slowness =>
  readings.reduce((so, reading) => takeReading(so, reading, scales, common), from);

const judged = (
  slowness: Slowness,
  more: { hasControls?: boolean; beyondControls?: boolean; activeAlarm?: ActiveAlarm } = {},
) => {
  const own = strengthsOf(slowness, scales);
  return stateOf({ slowness, scales, own, together: own, hasControls: false, ...more });
};

describe('one probe', () => {
  test.each([
    { when: 'nothing has changed', readings: likeBefore(0, 600), says: 'as-before' },
    { when: 'it is 1.3x as slow', readings: likeBefore(0, 600, 1.3), says: 'as-before' },
    { when: 'it is twice as slow', readings: likeBefore(0, 60, 2), says: 'slower' },
    { when: 'it has been twice as slow for a moment', readings: likeBefore(0, 4, 2), says: 'as-before' },
    { when: 'it has been so for as long as a stall', readings: likeBefore(0, 10, 2), says: 'slower-pending' },
    { when: 'it has been so for longer', readings: likeBefore(0, 12, 2), says: 'slower' },
    {
      when: 'it gets no connection',
      readings: Array.from({ length: 30 }, (_, second) => unreached(second)),
      says: 'slower-or-nearly',
    },
    {
      when: 'it gets a connection every second time, and is as quick as before then',
      readings: likeBefore(0, 300).map((reading, second) => (second % 2 === 0 ? reading : unreached(second))),
      says: 'slower-or-nearly',
    },
    {
      when: 'it gets a connection every second time, and is twice as slow then',
      readings: likeBefore(0, 120, 2).map((reading, second) => (second % 2 === 0 ? reading : unreached(second))),
      says: 'slower',
    },
    { when: 'it fails', readings: Array.from({ length: 30 }, (_, second) => failed(second)), says: 'slower' },
    {
      when: 'each answer comes after the one that was due next',
      readings: Array.from({ length: 30 }, (_, turn) => [missing(2 * turn + 1), answered(2 * turn, 1_500)]).flat(),
      says: 'slower',
    },
    {
      when: 'each question times out after five that were due next',
      readings: Array.from({ length: 30 }, (_, turn) => [
        ...[1, 2, 3, 4, 5].map((second) => missing(6 * turn + second)),
        failed(6 * turn),
      ]).flat(),
      says: 'slower',
    },
    { when: 'nobody asked', readings: Array.from({ length: 600 }, (_, second) => missing(second)), says: 'as-before' },
  ])('$when: $says', ({ readings, says }) => {
    expect(judged(seen(readings))).toBe(says);
  });

  test('between guard and limit a probe is never surely slower', () => {
    const states = [1.45, 1.5].map((times) => judged(seen(likeBefore(0, 3_000, times))));
    expect(states.every((state) => state !== 'slower')).toBe(true);
  });

  test('readings from before the marker, repeated and out-of-order readings change nothing', () => {
    const slowness = seen(likeBefore(0, 20));
    for (const second of [-1, 5, 19])
      expect(takeReading(slowness, answered(second, 900), scales, undefined)).toBe(slowness);
  });

  test('the state is the same after it was stored as plain data in between', () => {
    const [first, rest] = [likeBefore(0, 40, 1.8), likeBefore(40, 40, 1.8)];
    const stored = JSON.parse(JSON.stringify(seen(first))) as Slowness;
    expect(seen(rest, undefined, stored)).toEqual(seen([...first, ...rest]));
  });

  test('the state keeps a bounded number of readings', () => {
    const slowness = seen(likeBefore(0, 2_000, 2));
    expect([slowness.recent.length, slowness.recentAt.length]).toEqual([kept, kept]);
    expect(JSON.stringify(slowness).length + JSON.stringify(scales).length).toBeLessThan(50_000);
  });
});

describe('beside controls', () => {
  const slow = (common?: number) => seen(likeBefore(0, 60, 2), common === undefined ? undefined : ratio(common));
  test.each([
    { when: 'the controls are as before', common: 1, beyond: true, says: 'slower' },
    { when: 'the controls are as slow', common: 2, beyond: false, says: 'slower-like-the-controls' },
    { when: 'it is more than they are, but not surely', common: 1.3, beyond: true, says: 'slower-controls-unsure' },
    {
      when: 'the slowness of the controls is unknown',
      common: undefined,
      beyond: undefined,
      says: 'slower-controls-unsure',
    },
  ])('$when: $says', ({ common, beyond, says }) => {
    const more = { hasControls: true, ...(beyond !== undefined && { beyondControls: beyond }) };
    expect(judged(slow(common), more)).toBe(says);
  });
});

describe('an active alarm', () => {
  const activeAlarm = (alarm: ActiveAlarm['alarm']): ActiveAlarm => ({ alarm, at: at(60) });
  const normal = likeBefore(61, 200);

  test.each([
    { alarm: 'slower', readings: 59, says: 'slower' },
    { alarm: 'slower', readings: 60, says: 'recovered' },
    { alarm: 'slower-or-nearly', readings: 200, says: 'recovered' },
  ] as const)('stays until it was seen well for 60 readings: after $readings, $alarm is $says', (row) => {
    const slowness = seen([...likeBefore(0, 61, 2), ...normal.slice(0, row.readings)]);
    expect(judged(slowness, { activeAlarm: activeAlarm(row.alarm) })).toBe(row.says);
  });

  test.each([1.6, 2])('stays as long as it is %d times as slow', (times) => {
    const slowness = seen([...likeBefore(0, 61, 2), ...likeBefore(61, 300, times)]);
    expect(judged(slowness, { activeAlarm: activeAlarm('slower') })).toBe('slower');
  });

  test('stays as long as every tenth reading fails', () => {
    const failing = likeBefore(61, 300).map((reading, index) => (index % 10 === 0 ? failed(61 + index) : reading));
    const slowness = seen([...likeBefore(0, 61, 2), ...failing]);
    expect(judged(slowness, { activeAlarm: activeAlarm('slower') })).toBe('slower');
  });

  test('becomes more certain and never less certain', () => {
    const slowness = seen(likeBefore(0, 70, 2));
    expect(judged(slowness, { activeAlarm: activeAlarm('slower-or-nearly') })).toBe('slower');
    expect(judged(seen(likeBefore(0, 5)), { activeAlarm: activeAlarm('slower') })).toBe('slower');
  });
});

describe('of several probes', () => {
  const strength = (grey: number, strict = grey) => ({ grey, strict });
  test('a single slow probe needs evidence in proportion to the number of probes', () => {
    expect(combineStrengths([strength(3), strength(0), strength(0)])).toEqual(strength(1));
    expect(combineStrengths([])).toEqual(strength(0));
  });

  test('a probe counts as slower if its own evidence and the combined evidence are strong enough', () => {
    const slowness = seen(likeBefore(0, 60, 2));
    const own = strengthsOf(slowness, scales);
    const state = (together: number) =>
      stateOf({ slowness, scales, own, together: strength(together), hasControls: false });
    expect([state(0.99), state(1)]).toEqual(['slower-pending', 'slower']);
  });

  test('a probe that was never compared with the controls adds no evidence relative to them', () => {
    const [compared, not] = [{ ...strength(4), beyondControls: 4 }, strength(4)];
    expect(combineStrengths([compared, not]).beyondControls).toBe(2);
    expect(combineStrengths([not]).beyondControls).toBeUndefined();
  });
});

describe('what a reader compares', () => {
  const every = (nth: number, is: (second: number) => Reading) =>
    likeBefore(0, 400).map((reading, index) => (index % nth === 0 ? is(index) : reading));
  test.each([
    { when: 'most readings are slower', readings: likeBefore(0, 60, 2), statistic: 'median', ratio: 2 },
    { when: 'the slowest are', readings: every(6, (second) => answered(second, 190)), statistic: 'p95', ratio: 9.1 },
    { when: 'some fail', readings: every(8, (second) => failed(second)), statistic: 'failures', ratio: 1 },
  ])('$when: the $statistic', ({ readings, statistic, ratio: times }) => {
    const slowness = seen(readings);
    const compared = compare(slowness, baseline.probes[0]!, strongestChannel(scales.grey, slowness.grey));
    expect(compared).toMatchObject({ statistic });
    expect(compared?.ratio).toBeCloseTo(times, 0);
  });

  test('if most readings fail, there is no latency to show', () => {
    const slowness = seen(Array.from({ length: 40 }, (_, second) => failed(second)));
    expect(compare(slowness, baseline.probes[0]!, 'failures')).toMatchObject({
      baseline: 19,
      failed: 40,
      readings: 40,
    });
    expect(compare(startSlowness(start, scales), baseline.probes[0]!, 'typical')).toBeUndefined();
  });
});
