import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { calibrate } from '../../../src/core/detection/calibrate.ts';
import { randomFrom } from '../../../src/core/detection/random.ts';
import { begin, combine, type Evidence, stakeAt, strengthOf, weigh } from '../../../src/core/detection/weigh.ts';
import { latenciesFrom, take } from '../../support/latencies.ts';
import { watchOfAnHour } from '../../support/watch-rule.ts';

const rule = watchOfAnHour;
const failed = Number.POSITIVE_INFINITY;
const before = take(300, latenciesFrom(1, { sigma: 0.3 }));
const weights = calibrate({ latencies: before, failed: 0 }, rule);

const watch = (latencies: Iterable<number | undefined>, under = weights): Evidence => {
  let evidence = begin(under);
  for (const latency of latencies) evidence = weigh(under, evidence, latency);
  return evidence;
};
const repeat = (count: number, latency: number | undefined) => Array.from({ length: count }, () => latency);
const slowed = (count: number, seed: number, slowdown: number) => {
  const next = latenciesFrom(seed, { sigma: 0.3 });
  return take(count, () => next(slowdown));
};
/** The number of readings until the alarm. */
const alarmAfter = (latencies: readonly (number | undefined)[], under = weights): number | undefined => {
  const index = latencies.findIndex((_, index) => watch(latencies.slice(0, index + 1), under).alarmed);
  return index < 0 ? undefined : index + 1;
};

describe('the stake', () => {
  test.each([
    { watch: 'the marked watch', marked: true, from: 0 },
    { watch: 'a watch after it', marked: true, from: 3_600 },
    { watch: 'an unmarked watch', marked: false, from: 0 },
  ])('of $watch adds up to 1', ({ marked, from }) => {
    const sum = Array.from({ length: 3_600 }, (_, index) => stakeAt({ readings: 3_600, marked }, from + index));
    expect(sum.reduce((so, stake) => so + stake, 0)).toBeCloseTo(1, 9);
  });
});

describe('an alarm', () => {
  test.each([
    { when: 'nothing is slower', slow: take(3_600, latenciesFrom(2, { sigma: 0.3 })), alarm: false },
    { when: 'it is 1.4 times slower', slow: slowed(3_600, 3, 1.4), alarm: false },
    { when: 'everything fails for as long as a stall', slow: repeat(10, failed), alarm: false },
    { when: 'everything fails for two readings longer', slow: repeat(12, failed), alarm: true },
    { when: 'nothing is read', slow: repeat(3_600, undefined), alarm: false },
    { when: 'it is not a number', slow: repeat(3_600, Number.NaN), alarm: false },
    { when: 'it is negative', slow: repeat(3_600, -1), alarm: false },
  ])('when $when: $alarm', ({ slow, alarm }) => {
    expect(watch(slow).alarmed).toBe(alarm);
  });

  test('comes sooner the slower it is', () => {
    const after = [2, 3, 10].map((slowdown) => alarmAfter(slowed(300, 4, slowdown)));
    expect(after[0]).toBeLessThan(70);
    expect(after[1]).toBeLessThan(after[0] ?? 0);
    expect(after[2]).toBe(12);
  });

  test('remains when the strength decreases', () => {
    const evidence = watch([...repeat(12, failed), ...repeat(600, 1)]);
    expect(evidence.alarmed).toBe(true);
    expect(strengthOf(weights, evidence)).toBeLessThan(0.01);
  });

  test('comes at most as often as stated if everything is exactly as slow as the guard', () => {
    // The exact quantiles of an exponential law as baseline, so that its own error plays no part. 300 watches, 10 % stated:
    // more than 45 alarms would have a chance below 0.3 %.
    const latencies = Array.from({ length: 2_000 }, (_, index) => -Math.log(1 - (index + 1) / 2_001));
    const random = randomFrom(11);
    const shuffled = latencies.map((latency) => ({ latency, at: random() })).toSorted((a, b) => a.at - b.at);
    const loose = { ...rule, guard: rule.limit, falseAlarms: 0.1, readings: 300 };
    const under = calibrate({ latencies: shuffled.map(({ latency }) => latency), failed: 0 }, loose);
    const alarms = Array.from(
      { length: 300 },
      () =>
        watch(
          take(300, () => -1.5 * Math.log(1 - random())),
          under,
        ).alarmed,
    ).filter(Boolean);
    expect(alarms.length).toBeLessThanOrEqual(45);
  });
});

describe('exactly the limit', () => {
  test.each([
    { to: 'a millisecond', step: 1 },
    { to: 'a tenth', step: 0.1 },
    { to: 'a microsecond', step: 0.001 },
    { to: 'nothing', step: 1e-9 },
  ])('and rounded to $to is above no line', ({ step }) => {
    const rounded = (latency: number) => Math.round(latency / step) * step;
    const next = latenciesFrom(6, { sigma: 0.4 });
    const truth = take(400, next).map((latency, index) => latency / 7 + index * 1e-7);
    const lines = calibrate({ latencies: truth.map(rounded), failed: 0 }, rule).channels.flatMap(({ lines }) => lines);
    const order = truth.toSorted((a, b) => a - b);
    // A line is the limit times a baseline value: as many slowed readings as baseline values lie above it, not one more.
    for (const line of lines.filter((line) => line < Number.MAX_VALUE)) {
      const slowed = order.filter((latency) => rounded(1.5 * latency) > line).length;
      const above = order.filter((latency) => 1.5 * rounded(latency) + 2 * step > line).length;
      expect(slowed).toBeLessThanOrEqual(above);
    }
    const constant = calibrate({ latencies: repeat(300, rounded(0.7)) as number[], failed: 0 }, rule);
    expect(watch(repeat(3_600, rounded(1.5 * rounded(0.7))), constant).alarmed).toBe(false);
  });

  test.each([
    { of: 'zero', latency: 0, slow: 3 },
    { of: 'ten', latency: 10, slow: 20 },
  ])('of a constant $of, whatever is clearly slower still counts', ({ latency, slow }) => {
    const constant = calibrate({ latencies: repeat(300, latency) as number[], failed: 0 }, rule);
    expect(watch(repeat(3_600, latency), constant).alarmed).toBe(false);
    expect(watch(repeat(60, slow), constant).alarmed).toBe(true);
  });
});

describe('for any readings', () => {
  const latency = fc.oneof(
    fc.double(),
    fc.integer({ min: -2, max: 40 }),
    fc.constantFrom(undefined, failed, Number.NaN, 0, -0, -1, 10),
  );
  const latencies = fc.array(latency, { maxLength: 80 });
  const baseline = fc.record({
    latencies: fc.oneof(
      fc.array(fc.oneof(fc.double(), fc.integer({ min: -1, max: 20 })), { maxLength: 60 }),
      fc.constant(before.slice(0, 60)),
    ),
    failed: fc.nat(80),
  });

  test('evidence is plain data, never without a number, and the same for the same readings', () => {
    fc.assert(
      fc.property(baseline, latencies, fc.boolean(), (calibration, read, marked) => {
        const under = calibrate(calibration, { ...rule, marked });
        const evidence = watch(read, under);
        expect(evidence.worth.every(Number.isFinite)).toBe(true);
        expect(Number.isFinite(strengthOf(under, evidence))).toBe(true);
        const stored: Evidence = JSON.parse(JSON.stringify(evidence));
        expect(stored).toEqual(evidence);
        expect(watch(read, JSON.parse(JSON.stringify(under)))).toEqual(evidence);
        expect(weigh(under, stored, 7)).toEqual(weigh(under, evidence, 7));
      }),
    );
  });

  test('slower readings never make less evidence', () => {
    fc.assert(
      fc.property(baseline, latencies, fc.double({ min: 1, max: 5, noNaN: true }), (calibration, read, slowdown) => {
        const under = calibrate(calibration, rule);
        const slower = read.map((one) => (one === undefined ? undefined : one * slowdown));
        const [less, more] = [watch(read, under), watch(slower, under)].map((one) => strengthOf(under, one));
        expect(more).toBeGreaterThanOrEqual((less as number) * (1 - 1e-9));
      }),
    );
  });

  test('a baseline without substance never alarms', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, noNaN: true }), { maxLength: 9 }), latencies, (few, read) => {
        const under = calibrate({ latencies: few.filter(Number.isFinite), failed: 0 }, rule);
        expect(watch([...read, ...repeat(50, failed)], under)).toMatchObject({ alarmed: false, worth: [] });
      }),
    );
  });

  test('a baseline of failures only alarms at no answer and no failure', () => {
    const under = calibrate({ latencies: [], failed: 300 }, rule);
    expect(watch([...repeat(300, failed), ...repeat(300, 1e9)], under).alarmed).toBe(false);
  });

  test('the strength stays finite during days of slowness', () => {
    const evidence = watch(repeat(20_000, failed));
    expect(Number.isFinite(strengthOf(weights, evidence))).toBe(true);
    expect(watch([...repeat(12, failed)]).readings).toBe(12);
  });
});

test.each([
  { strengths: [], together: 0 },
  { strengths: [3], together: 3 },
  { strengths: [0, 0, 3], together: 1 },
])('the strength of $strengths together is their mean, $together', ({ strengths, together }) => {
  expect(combine(strengths)).toBe(together);
});
