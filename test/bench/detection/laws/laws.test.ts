import { describe, expect, test } from 'vitest';

import { change, type Effect } from '../../../../bench/detection/laws/effects.ts';
import { lawNamed, laws } from '../../../../bench/detection/laws/laws.ts';
import { randomOf } from '../../../../bench/detection/laws/random.ts';

const draw = (name: string, readings = 20_000, dtSeconds = 1) =>
  lawNamed(name).draw(randomOf('laws', name), readings, dtSeconds);
const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const quantile = (values: Float64Array, q: number) => values.toSorted()[Math.floor(q * values.length)] ?? 0;
const share = (values: Float64Array, is: (value: number) => boolean) => values.filter(is).length / values.length;

/** The correlation of log latency with that of the reading before. */
function correlation(values: Float64Array): number {
  const logs = values.map(Math.log);
  const middle = mean(logs);
  const products = logs.subarray(1).map((log, at) => (log - middle) * ((logs[at] ?? 0) - middle));
  return mean(products) / mean(logs.map((log) => (log - middle) ** 2));
}

test('there are twelve, each with a name of its own, and all give positive latencies', () => {
  expect(new Set(laws.map(({ name }) => name)).size).toBe(12);
  for (const { name } of laws) expect(Math.min(...draw(name, 2_000))).toBeGreaterThan(0);
});

test('who asks for a law that is not there hears which there are', () => {
  expect(() => lawNamed('weibull')).toThrow('no law is called weibull: lognormal-0.1');
});

describe('quantiles are those of the law', () => {
  test.each([
    { law: 'lognormal-0.1', q: 0.5, wanted: 10 },
    { law: 'lognormal-0.3', q: 0.95, wanted: 10 * Math.exp(0.3 * 1.645) },
    { law: 'lognormal-1.0', q: 0.95, wanted: 10 * Math.exp(1.645) },
    { law: 'gamma-4', q: 0.5, wanted: 2.5 * 3.672 }, // of gamma(4), from tables
    { law: 'bimodal', q: 0.95, wanted: 20 },
    { law: 'correlated-0.95', q: 0.5, wanted: 10 },
  ])('$law at $q', ({ law, q, wanted }) => {
    expect(quantile(draw(law, 100_000), q) / wanted).toBeCloseTo(1, 1);
  });
});

test.each([
  { law: 'lognormal-0.3', wanted: 0 },
  { law: 'correlated-0.5', wanted: 0.5 },
  { law: 'correlated-0.8', wanted: 0.8 },
  { law: 'correlated-0.95', wanted: 0.95 },
])('neighbours of $law correlate by $wanted', ({ law, wanted }) => {
  expect(correlation(draw(law))).toBeCloseTo(wanted, 1);
});

test('two percent of the spiky ones are spikes, and some are huge', () => {
  const latencies = draw('spikes', 100_000);
  expect(share(latencies, (latency) => latency > 30)).toBeGreaterThan(0.015);
  expect(share(latencies, (latency) => latency > 30)).toBeLessThan(0.025);
  expect(Math.max(...latencies)).toBeGreaterThan(10_000);
});

test('an hour has six or seven stalls of three to five seconds, through which one waits for what is left', () => {
  const latencies = draw('stalls', 3_600);
  const stalled = [...latencies].map((latency) => latency > 100);
  const beginnings = stalled.filter((is, at) => is && stalled[at - 1] !== true).length;
  expect(beginnings).toBeGreaterThanOrEqual(5);
  expect(beginnings).toBeLessThanOrEqual(7);
  const waiting = stalled.filter((is) => is).length;
  expect(waiting / beginnings).toBeGreaterThan(2.5);
  expect(waiting / beginnings).toBeLessThan(5.5);
  expect(Math.max(...latencies)).toBeLessThan(5_100);
});

test('a day drifts by a fifth up and down', () => {
  const latencies = draw('drift', 86_400);
  const hours = Array.from({ length: 24 }, (_, hour) =>
    quantile(latencies.subarray(hour * 3_600, (hour + 1) * 3_600), 0.5),
  );
  expect(Math.max(...hours) / 10).toBeCloseTo(1.2, 1);
  expect(Math.min(...hours) / 10).toBeCloseTo(0.8, 1);
});

describe('an effect', () => {
  const changed = (effect: Effect, latencies: readonly number[], dtSeconds = 1) => {
    const all = Float64Array.from(latencies);
    change(
      all,
      2,
      effect,
      Float64Array.from({ length: 100 }, (_, at) => at + 1),
      randomOf('effect'),
      dtSeconds,
    );
    return [...all];
  };
  const ten = Array.from({ length: 10 }, () => 10);

  test.each([
    { effect: { kind: 'slower', factor: 2 } as const, from: [1, 2, 3, 4], to: [1, 2, 6, 8] },
    { effect: { kind: 'slower-tail', factor: 3, above: 0.9 } as const, from: [95, 95, 95, 5], to: [95, 95, 285, 5] },
    {
      effect: { kind: 'gradual', factor: 3, seconds: 10 } as const,
      from: [10, 10, 10, 10, 10],
      to: [10, 10, 10, 20, 30],
    },
    { effect: { kind: 'errors', share: 1 } as const, from: [1, 2, 3], to: [1, 2, Number.POSITIVE_INFINITY] },
  ])('$effect.kind begins at its moment', ({ effect, from, to }) => {
    expect(changed(effect, from, 5)).toEqual(to);
  });

  test('a share of errors is a share', () => {
    const all = changed({ kind: 'errors', share: 0.3 }, Array.from({ length: 100 }, () => ten).flat());
    const failed = all.filter((latency) => latency === Number.POSITIVE_INFINITY).length;
    expect(failed / all.length).toBeGreaterThan(0.25);
    expect(failed / all.length).toBeLessThan(0.35);
  });
});
