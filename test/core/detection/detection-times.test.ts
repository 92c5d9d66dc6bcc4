import { describe, expect, test } from 'vitest';

import { calibrate, type Weights } from '../../../src/core/detection/calibrate.ts';
import { detectionTimes } from '../../../src/core/detection/detection-times.ts';
import { shortfall } from '../../../src/core/detection/shortfall.ts';
import { readingsToAlarm, rowOf, tableOf } from '../../../src/core/detection/table.ts';
import { begin, weigh } from '../../../src/core/detection/weigh.ts';
import { ratio } from '../../../src/core/kernel/units.ts';
import { latenciesFrom, type Scatter, take } from '../../support/latencies.ts';
import { watchOfAnHour } from '../../support/watch-rule.ts';

const rule = watchOfAnHour;
const twice = ratio(2);

/** The number of readings, at most a watch, until the rule itself raises the alarm. */
function alarmAfter(weights: Weights, next: () => number | undefined): number {
  let evidence = begin(weights);
  while (!evidence.alarmed && evidence.readings < rule.readings) evidence = weigh(weights, evidence, next());
  return evidence.alarmed ? evidence.readings : Number.POSITIVE_INFINITY;
}

test('the table gives the alarm at the same reading as the rule', () => {
  const next = latenciesFrom(1, { sigma: 0.6 });
  const weights = calibrate({ latencies: take(300, next), failed: 2 }, rule);
  const table = tableOf(weights, rule.readings);
  const watches = Array.from({ length: 60 }, (_, index) => {
    const [seed, slowdown] = [100 + index, 1.4 + (index % 6) / 2];
    const stream = () => latenciesFrom(seed, { sigma: 0.6 });
    const [one, other] = [stream(), stream()];
    const byRule = alarmAfter(weights, () => one(slowdown));
    return { byRule, byTable: readingsToAlarm(table, () => rowOf(weights, other(slowdown))) };
  });
  for (const { byRule, byTable } of watches) expect(byTable).toBe(byRule);
  expect(watches.filter(({ byRule }) => byRule < 100).length).toBeGreaterThan(20);
});

describe('the promised detection time', () => {
  /** How soon a slowdown of 2x was actually detected, and how soon was promised, over fresh baselines. */
  function compare(scatter: Scatter, length: number) {
    const cases = Array.from({ length: 30 }, (_, seed) => {
      const calibration = { latencies: take(length, latenciesFrom(1_000 + seed, scatter)), failed: 0 };
      const [promised] = detectionTimes(calibration, rule, [twice], seed);
      const weights = calibrate(calibration, rule);
      const real = Array.from({ length: 8 }, (_, watch) => {
        const next = latenciesFrom(10_000 + seed * 100 + watch, scatter);
        return alarmAfter(weights, () => next(2));
      });
      return { promised, real };
    });
    const all = cases.flatMap(({ real, promised }) => real.map((readings) => ({ readings, promised })));
    const share = (isTrue: (one: (typeof all)[number]) => boolean) => all.filter(isTrue).length / all.length;
    return {
      withinMedian: share(({ readings, promised }) => readings <= (promised?.median ?? 0)),
      withinP95: share(({ readings, promised }) => readings <= (promised?.p95 ?? Number.POSITIVE_INFINITY)),
      promisesInTime: cases.filter(({ promised }) => promised?.p95 !== undefined).length / cases.length,
    };
  }

  // 240 watches; those of one baseline share its error, so the bounds are wider than for independent watches.
  test.each([
    { sigma: 0.1, correlation: 0, length: 300, inTime: 1 },
    { sigma: 0.3, correlation: 0, length: 300, inTime: 1 },
    { sigma: 0.6, correlation: 0, length: 300, inTime: 0.8 },
    { sigma: 0.3, correlation: 0.8, length: 1_000, inTime: 0.8 },
  ])('holds for sigma $sigma, correlation $correlation', ({ sigma, correlation, length, inTime }) => {
    const { withinMedian, withinP95, promisesInTime } = compare({ sigma, correlation }, length);
    expect(withinMedian).toBeGreaterThan(0.35);
    expect(withinMedian).toBeLessThan(sigma === 0.1 ? 1 : 0.68); // at sigma 0.1 all alarms come at 12 or 13
    expect(withinP95).toBeGreaterThan(0.88);
    expect(promisesInTime).toBeGreaterThanOrEqual(inTime);
  });

  test('is the same for the same seed, and sooner for what is slower', () => {
    const calibration = { latencies: take(300, latenciesFrom(7, { sigma: 0.3 })), failed: 3 };
    const slowdowns = [1, 1.6, 2, 3, 10].map(ratio);
    const times = detectionTimes(calibration, rule, slowdowns, 1);
    expect(detectionTimes(calibration, rule, slowdowns, 1)).toEqual(times);
    expect(times.map(({ slowdown }) => slowdown)).toEqual(slowdowns);
    const medians = times.map(({ median }) => median ?? Number.POSITIVE_INFINITY);
    expect(medians).toEqual(medians.toSorted((a, b) => b - a));
    expect(times[0]).toEqual({ slowdown: 1, median: undefined, p95: undefined });
    expect(times[4]).toMatchObject({ median: 12 });
  });

  test.each([
    { of: 'nothing', latencies: [] },
    { of: 'three readings', latencies: [1, 2, 3] },
    { of: 'no numbers', latencies: [Number.NaN, -1] },
  ])('by a baseline of $of is nothing', ({ latencies }) => {
    const times = detectionTimes({ latencies, failed: 0 }, rule, [twice], 1);
    expect(times).toEqual([{ slowdown: twice, median: undefined, p95: undefined }]);
  });
});

describe('a shortfall', () => {
  const baseline = (length: number, scatter: Scatter, seed = 2) => ({
    latencies: take(length, latenciesFrom(seed, scatter)),
    failed: 0,
  });

  test.each([
    { of: 'a steady probe', have: baseline(300, { sigma: 0.1 }), slowdown: 2, withinReadings: 60, more: undefined },
    {
      of: 'a time shorter than a stall',
      have: baseline(300, { sigma: 0.1 }),
      slowdown: 2,
      withinReadings: 8,
      more: 'never',
    },
    {
      of: 'latencies that scatter widely',
      have: baseline(300, { sigma: 1 }),
      slowdown: 1.6,
      withinReadings: 1_800,
      more: 'never',
    },
    {
      of: 'a slowdown below the limit',
      have: baseline(300, { sigma: 0.3 }),
      slowdown: 1.4,
      withinReadings: 3_600,
      more: 'never',
    },
    { of: 'no reading at all', have: baseline(0, { sigma: 0.1 }), slowdown: 2, withinReadings: 60, more: 'never' },
  ])('of $of: $more', ({ have, slowdown, withinReadings, more }) => {
    const found = shortfall(have, rule, { slowdown: ratio(slowdown), withinReadings }, 1);
    expect(found).toEqual(more === undefined ? undefined : { moreReadings: more });
  });

  test('of a short baseline is mended by about so many readings more', () => {
    const wanted = { slowdown: twice, withinReadings: 400 };
    const enough = Array.from({ length: 20 }, (_, index) => {
      const all = baseline(20_000, { sigma: 0.6 }, 50 + index).latencies;
      const have = { latencies: all.slice(0, 60), failed: 0 };
      const more = shortfall(have, rule, wanted, index)?.moreReadings ?? 0;
      if (more === 'never') return 'never';
      expect(more).toBeLessThan(2_000);
      const calibration = { latencies: all.slice(0, 60 + more), failed: 0 };
      const [promised] = detectionTimes(calibration, rule, [twice], index);
      // It is an estimate from 60 readings: the longer baseline may show that the law is another.
      return (promised?.p95 ?? Number.POSITIVE_INFINITY) <= 2 * wanted.withinReadings ? 'mended' : 'not mended';
    });
    expect(enough.filter((one) => one === 'mended').length).toBeGreaterThanOrEqual(14);
  });

  test('of a baseline too short to say anything is at least what gives it substance', () => {
    const found = shortfall(baseline(5, { sigma: 0.1 }), rule, { slowdown: ratio(3), withinReadings: 900 }, 1);
    expect(found?.moreReadings).toBeGreaterThanOrEqual(5);
  });
});
