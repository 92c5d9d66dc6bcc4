import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { factorsFor } from '../../../src/core/detection/bets.ts';
import { calibrate, lawOf } from '../../../src/core/detection/calibrate.ts';
import { correlationTime } from '../../../src/core/detection/correlation.ts';
import { linesAt, shareAtMost } from '../../../src/core/detection/lines.ts';
import { latenciesFrom, take } from '../../support/latencies.ts';
import { watchOfAnHour } from '../../support/watch-rule.ts';

const rule = watchOfAnHour;
const strict = { ...rule, guard: rule.limit };
const deciles = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
const isAscending = (values: readonly number[]): boolean =>
  values.every((value, index) => index === 0 || value >= (values[index - 1] as number));

describe('correlation time', () => {
  const timeOf = (values: readonly number[]) => correlationTime(values, Float64Array.from(values).toSorted());
  test.each([
    { correlation: 0, from: 1, to: 1.2 },
    { correlation: 0.5, from: 2.5, to: 4 }, // (1 + r) / (1 - r) = 3
    { correlation: 0.8, from: 7, to: 13 }, // 9
    { correlation: 0.95, from: 25, to: 60 }, // 39
  ])('of a process that keeps $correlation is from $from to $to', ({ correlation, from, to }) => {
    const times = [1, 2, 3, 4, 5, 6, 7].map((seed) =>
      timeOf(take(3_600, latenciesFrom(seed, { sigma: 0.3, correlation }))),
    );
    const middle = times.toSorted((a, b) => a - b)[3];
    expect(middle).toBeGreaterThanOrEqual(from);
    expect(middle).toBeLessThanOrEqual(to);
  });

  test.each([
    { of: 'nothing', values: [] },
    { of: 'one reading', values: [3] },
    { of: 'constant readings', values: [3, 3, 3, 3, 3] },
    { of: 'readings that alternate', values: [1, 2, 1, 2, 1, 2, 1, 2] },
  ])('of $of is 1', ({ values }) => {
    expect(timeOf(values)).toBe(1);
  });
});

describe('lines', () => {
  test('an upper bound for a share of which none of n were seen is 1 - 0.05^(1/n)', () => {
    expect(shareAtMost(0, 59)).toBeCloseTo(1 - 0.05 ** (1 / 59), 12);
    expect(shareAtMost(59, 59)).toBe(1);
  });

  test('lie at the limit times the quantiles, with the step of rounding added', () => {
    const latencies = Array.from({ length: 99 }, (_, index) => index + 1); // whole milliseconds: half a step is 0.5
    const lines = linesAt([0.5, 0.9], lawOf({ latencies, failed: 0 }), strict);
    expect(lines.map(({ at }) => at)).toEqual([1.5 * 50.5 + 0.5, 1.5 * 90.5 + 0.5]);
  });

  const latency = fc.oneof(
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.integer({ min: 0, max: 5 }),
    fc.constantFrom(0, 1, Number.POSITIVE_INFINITY),
  );
  test('ascend, and are ever less likely exceeded, whatever the baseline', () => {
    fc.assert(
      fc.property(fc.array(latency, { maxLength: 300 }), fc.nat(20), (latencies, failed) => {
        const lines = linesAt(deciles, lawOf({ latencies, failed }), rule);
        for (const [index, { at, exceeded }] of lines.entries()) {
          const before = lines[index - 1];
          expect(at).toBeGreaterThan(before?.at ?? 0);
          expect(exceeded).toBeLessThan(before?.exceeded ?? 1);
          expect(exceeded).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('no bound is below the share of the baseline that, slowed down as far as the guard, lies above', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), fc.nat(5), (latencies, failed) => {
        const law = lawOf({ latencies, failed });
        for (const { at, exceeded } of linesAt(deciles, law, rule)) {
          const above = law.ascending.filter((one) => one * (rule.guard - 1e-9) + law.halfStep > at).length;
          expect(exceeded).toBeGreaterThanOrEqual(above / law.ascending.length);
        }
      }),
    );
  });
});

describe('factors', () => {
  const shares = fc.uniqueArray(fc.integer({ min: 1, max: 9_999 }), { minLength: 1, maxLength: 10 }).map((all) =>
    all
      .map((one) => one / 10_000)
      .toSorted((a, b) => b - a)
      .map((exceeded, at) => ({ at, exceeded })),
  );
  const shift = fc.constantFrom(0.2, 0.45, 1, 2.2);
  const time = fc.double({ min: 1, max: 60, noNaN: true });

  test('are at most 1 on average, ascend, and are below the cap', () => {
    fc.assert(
      fc.property(shares, shift, time, fc.double({ min: 1.05, max: 5, noNaN: true }), (lines, shift, time, cap) => {
        const factors = factorsFor(lines, shift, cap, time);
        const bounds = [1, ...lines.map(({ exceeded }) => exceeded), 0];
        const average = factors.reduce(
          (sum, factor, cell) => sum + factor * ((bounds[cell] as number) - (bounds[cell + 1] as number)),
          0,
        );
        expect(average).toBeLessThanOrEqual(1 + 1e-9);
        expect(Math.max(...factors)).toBeLessThanOrEqual(cap * (1 + 1e-9));
        expect(isAscending(factors.map((factor) => Number(factor.toPrecision(9))))).toBe(true);
        expect(factors.every((factor) => factor > 0)).toBe(true);
      }),
    );
  });

  test('are likelihood ratios where nothing is capped and all is independent', () => {
    // One line at the median, shifted by 1: Phi(1) of the readings are above it then, twice that is the ratio.
    const [below, above] = factorsFor([{ at: 1, exceeded: 0.5 }], 1, 100, 1);
    expect(above).toBeCloseTo(2 * 0.841344746068543, 12);
    expect(below).toBeCloseTo(2 * (1 - 0.841344746068543), 12);
  });
});

describe('weights', () => {
  test.each([
    { of: 'an empty baseline', latencies: [], failed: 0, substance: 'none' },
    { of: 'three readings', latencies: [9, 10, 11], failed: 0, substance: 'none' },
    { of: 'failures only', latencies: [], failed: 300, substance: 'enough' },
    { of: 'no numbers', latencies: [Number.NaN, -1, -0.5], failed: 0, substance: 'none' },
    { of: 'twenty readings', latencies: take(20, latenciesFrom(3, { sigma: 0.3 })), failed: 0, substance: 'little' },
    { of: 'sixty readings', latencies: take(60, latenciesFrom(3, { sigma: 0.3 })), failed: 0, substance: 'enough' },
    {
      of: 'sixty readings that hang together',
      latencies: take(60, latenciesFrom(3, { sigma: 0.3, correlation: 0.9 })),
      failed: 0,
      substance: 'none',
    },
  ])('of $of have substance: $substance', ({ latencies, failed, substance }) => {
    const weights = calibrate({ latencies, failed }, rule);
    expect(weights.substance).toBe(substance);
    if (substance === 'none') expect(weights.channels).toEqual([]);
  });

  test('are plain data, and the same for the same baseline and rule', () => {
    const calibration = { latencies: take(300, latenciesFrom(5, { sigma: 0.3 })), failed: 3 };
    const weights = calibrate(calibration, rule);
    expect(JSON.parse(JSON.stringify(weights))).toEqual(weights);
    expect(calibrate(calibration, rule)).toEqual(weights);
  });
});
