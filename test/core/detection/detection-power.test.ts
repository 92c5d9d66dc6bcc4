import { describe, expect, test } from 'vitest';

import { powerOf, sayTooWeak } from '../../../src/core/detection/detection-power.ts';
import { slownessLimits } from '../../../src/core/detection/limits.ts';
import { median } from '../../../src/core/evidence/quantile.ts';
import { millis, seconds } from '../../../src/core/kernel/units.ts';
import { aBaseline, aPlan, search } from '../../support/builders.ts';
import { latenciesFrom, take } from '../../support/latencies.ts';

const lognormal = (count: number, sigma: number, seed: number, correlation = 0) =>
  take(count, latenciesFrom(seed, { sigma, correlation }));
const baselineWith = (latencies: readonly number[]) => {
  const p50 = millis(median(latencies) ?? 0);
  return aBaseline({ probes: [{ probe: search, latencies, failed: 0, missing: 0, p50 }] });
};
const ask = <Answer>(how: typeof powerOf | typeof sayTooWeak, latencies: readonly number[], plan = aPlan()) => {
  const probe = plan.probes[0]!;
  const limits = slownessLimits(plan.criteria, probe, { applied: [] });
  return how(plan, probe, baselineWith(latencies), limits) as Answer;
};
type Power = NonNullable<ReturnType<typeof powerOf>>;
const powerWith = (latencies: readonly number[], plan = aPlan()) => ask<Power>(powerOf, latencies, plan);

describe('what a baseline can detect', () => {
  const normal = lognormal(300, 0.3, 1);

  test('larger slowdowns are detected sooner, sure alarms come later, and the median comes before the p95', () => {
    const { recommends, acts } = powerWith(normal);
    expect(recommends.map(({ slowdown }) => slowdown)).toEqual([1.6, 2, 3]);
    const [, twice, thrice] = recommends;
    expect(twice!.median!).toBeLessThan(twice!.p95!);
    expect(thrice!.p95!).toBeLessThan(twice!.p95!);
    expect(acts[1]!.median!).toBeGreaterThan(twice!.median!);
  });

  test('no slowdown is detected before the stall allowance is over', () => {
    for (const { median: soonest } of powerWith(normal).recommends.filter((one) => one.median !== undefined)) {
      expect(soonest).toBeGreaterThan(seconds(10));
    }
  });

  test('a single slow probe among several takes longer to detect', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ id: `other-${index}`, sql: 'select 1' }));
    const together = powerWith(normal, aPlan({ probes: [{ id: search, sql: 'select 1' }, ...many] }));
    expect(together.recommends[1]!.median!).toBeGreaterThan(powerWith(normal).recommends[1]!.median!);
  });

  test('answers that take longer than the interval delay the detection', () => {
    const plan = aPlan({ probes: [{ id: search, sql: 'select 1', every: '50ms' }] });
    const soonest = (latencies: readonly number[]) => powerWith(latencies, plan).recommends[2]!.median!;
    expect(soonest(normal.map((latency) => latency * 3))).toBeGreaterThan(1.5 * soonest(normal));
  });

  test('the same baseline always gives the same figures', () => {
    expect(powerWith(normal)).toEqual(powerWith(normal));
  });
});

describe('a baseline that is too weak for what the plan must detect says what is missing', () => {
  const mustDetect = (slower_than: string, within: string) =>
    aPlan({ criteria: { performance: { must_detect: { slower_than, within } } } });
  test.each([
    { when: 'it is good enough', latencies: lognormal(300, 0.3, 1), plan: aPlan(), says: undefined },
    {
      when: 'it is short',
      latencies: lognormal(40, 0.45, 2),
      plan: mustDetect('100%', '6m'),
      says: /^molecule-search: 40 readings cannot tell 2x within 6m: capture \d+m more$/,
    },
    {
      when: 'its readings hang together',
      latencies: lognormal(120, 0.3, 3, 0.8),
      plan: mustDetect('100%', '20m'),
      says: /^molecule-search: 120 readings so correlated cannot tell 2x within 20m: capture \d+m more$/,
    },
    {
      when: 'its readings scatter',
      latencies: lognormal(300, 1, 4),
      plan: mustDetect('60%', '2m'),
      says: /^molecule-search: 300 readings cannot tell 1.6x within 2m: no longer capture would do/,
    },
    {
      when: 'the time is over before a stall is no longer ignored',
      latencies: lognormal(300, 0.1, 1),
      plan: mustDetect('100%', '8s'),
      says: /cannot tell 2x within 8 s: no longer capture would do, since stalls under 10 s are ignored: ignore shorter ones/,
    },
    {
      when: 'it answers in no time at all',
      latencies: Array.from({ length: 300 }, () => 0),
      plan: aPlan(),
      says: /no longer capture would do, since it mostly answers in no time at all: ask something that takes longer$/,
    },
    {
      when: 'there are three readings',
      latencies: [19, 20, 21],
      plan: aPlan(),
      says: /^molecule-search: 3 readings cannot tell 2x within 26m \d+s: capture \d+ (s|m) more$/,
    },
  ])('$when', ({ latencies, plan, says }) => {
    const said = ask<string | undefined>(sayTooWeak, latencies, plan);
    if (says === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(says);
  });

  test('controls and probes without a baseline have no detection power', () => {
    const plan = aPlan();
    const [, control] = plan.probes;
    const limits = slownessLimits(plan.criteria, control!, { applied: [] });
    expect(sayTooWeak(plan, control!, aBaseline(), limits)).toBeUndefined();
    expect(powerOf(plan, control!, aBaseline(), limits)).toBeUndefined();
  });
});
