import { describe, expect, test } from 'vitest';

import { defaults } from '../../../../bench/detection/rule.ts';
import { peers } from '../../../../bench/detection/rules.ts';

/** So many readings of so many milliseconds each. */
type Stretch = readonly [readings: number, latency: number | undefined];

const repeated = (times: number, ...stretches: readonly Stretch[]) =>
  Array.from({ length: times }, () => stretches).flat();

const flat = (stretches: readonly Stretch[]) =>
  stretches.flatMap(([readings, latency]) => Array.from({ length: readings }, () => latency));

/** The reading, counted from 1, with which the rule says to roll back. */
function alarm(name: string, stretches: readonly Stretch[], dtSeconds = 1): number | undefined {
  const rule = peers.find((one) => one.name === name);
  if (rule === undefined) throw new Error(`no rule is called ${name}`);
  const latencies = Array.from({ length: 300 }, (_, at) => 9 + (at % 3)); // 9, 10, 11: mean and median 10, p95 11
  const watching = rule.start({ latencies, failed: 0 }, dtSeconds, defaults);
  const at = flat(stretches).findIndex((latency) => watching.take(latency));
  return at === -1 ? undefined : at + 1;
}

const failed = Number.POSITIVE_INFINITY;

describe.each(peers)('$title', ({ name }) => {
  test.each<{ what: string; stretches: readonly Stretch[] }>([
    { what: 'as before', stretches: [[1_000, 10]] },
    { what: 'missing', stretches: [[1_000, undefined]] },
    { what: 'a little below the limit', stretches: [[1_000, 14.9]] },
  ])('is silent while it is $what', ({ stretches }) => {
    expect(alarm(name, stretches)).toBeUndefined();
  });

  test('speaks when it stays ten times as slow', () => {
    expect(alarm(name, [[1_000, 100]])).toBeLessThanOrEqual(600);
  });
});

describe('Prometheus', () => {
  test.each<{ name: string; what: string; stretches: readonly Stretch[]; at: number | undefined }>([
    {
      name: 'prometheus-mean-1m',
      what: '2x fills more than half of the five minutes after 150 s: seen at 165, firing 60 s later',
      stretches: [[600, 20]],
      at: 225,
    },
    { name: 'prometheus-mean-5m', what: 'the same, firing 5 minutes later', stretches: [[600, 20]], at: 465 },
    {
      name: 'prometheus-p95-1m',
      what: 'more than a twentieth of the window is slow after 15 s, so at the evaluation of 30 s',
      stretches: [[600, 20]],
      at: 90,
    },
    {
      name: 'prometheus-mean-1m',
      what: 'the mean falls below the line at one evaluation, and the time starts anew',
      stretches: [
        [165, 20],
        [30, 0],
        [600, 20],
      ],
      at: 285,
    },
    { name: 'prometheus-mean-1m', what: 'failures have no latency', stretches: [[600, failed]], at: undefined },
  ])('$name: $what', ({ name, stretches, at }) => {
    expect(alarm(name, stretches)).toBe(at);
  });
});

describe('Argo Rollouts and Flagger measure once a minute, and count', () => {
  const slowMinute: Stretch = [60, 20];
  const goodMinute: Stretch = [60, 10];
  test.each<{ name: string; what: string; stretches: readonly Stretch[]; at: number | undefined }>([
    { name: 'argo-0', what: 'with no failure allowed the first is too many', stretches: [slowMinute], at: 60 },
    { name: 'argo-3', what: 'three failures are still allowed', stretches: repeated(3, slowMinute), at: undefined },
    { name: 'argo-3', what: 'the fourth is not', stretches: repeated(4, slowMinute), at: 240 },
    {
      name: 'argo-3',
      what: 'good measurements between them set nothing back',
      stretches: repeated(4, slowMinute, goodMinute),
      at: 420,
    },
    { name: 'flagger-5', what: 'the fifth is too many', stretches: repeated(5, slowMinute), at: 300 },
    {
      name: 'flagger-5',
      what: 'good checks between them set nothing back',
      stretches: repeated(5, slowMinute, goodMinute, goodMinute),
      at: 780,
    },
    { name: 'flagger-10', what: 'nine are allowed', stretches: repeated(9, slowMinute), at: undefined },
  ])('$name: $what', ({ name, stretches, at }) => {
    expect(alarm(name, stretches)).toBe(at);
  });

  test('one reading in five seconds makes twelve a minute', () => {
    expect(alarm('argo-0', [[24, 20]], 5)).toBe(12);
  });
});

describe('Gatus', () => {
  test.each<{ what: string; stretches: readonly Stretch[]; at: number | undefined }>([
    {
      what: 'three in a row',
      stretches: [
        [10, 10],
        [3, 20],
      ],
      at: 13,
    },
    {
      what: 'a good one between them starts anew',
      stretches: [
        [2, 20],
        [1, 10],
        [2, 20],
      ],
      at: undefined,
    },
    {
      what: 'a missing one does not',
      stretches: [
        [2, 20],
        [1, undefined],
        [1, 20],
      ],
      at: 4,
    },
    { what: 'a failure is one', stretches: [[3, failed]], at: 3 },
    { what: 'exactly the limit is none', stretches: [[10, 15]], at: undefined },
  ])('$what', ({ stretches, at }) => {
    expect(alarm('gatus', stretches)).toBe(at);
  });
});

describe('Kayenta', () => {
  test.each<{ what: string; stretches: readonly Stretch[]; at: number | undefined }>([
    { what: 'speaks at the end of a block', stretches: [[200, 20]], at: 50 },
    {
      what: 'does not mind a block of which half is slow',
      stretches: [
        [25, 10],
        [25, 18],
        [50, 10],
      ],
      at: undefined,
    },
    {
      what: 'leaves out a few that are far out',
      stretches: [
        [45, 10],
        [5, 10_000],
      ],
      at: undefined,
    },
  ])('$what', ({ stretches, at }) => {
    expect(alarm('kayenta', stretches)).toBe(at);
  });
});

test('the mean of the last ten speaks as soon as it is above the line', () => {
  expect(
    alarm('naive-mean', [
      [20, 10],
      [10, 20],
    ]),
  ).toBe(26);
});

test('the median of twenty speaks once it has been above the line for longer than ten seconds', () => {
  expect(alarm('median-of-twenty', [[100, 20]])).toBe(31);
});
