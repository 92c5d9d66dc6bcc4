import { describe, expect, test } from 'vitest';

import { figuresOf, missedShare, upperBound } from '../../../bench/detection/figures.ts';

describe('the upper bound is Clopper and Pearson’s', () => {
  test.each([
    { seen: 0, of: 6_000, bound: 1 - 0.05 ** (1 / 6_000) },
    { seen: 0, of: 1, bound: 0.95 },
    { seen: 1, of: 10, bound: 0.3942 }, // from tables
    { seen: 5, of: 10, bound: 0.7776 },
    { seen: 10, of: 10, bound: 1 },
  ])('$seen of $of: $bound', ({ seen, of, bound }) => {
    expect(upperBound(seen, of)).toBeCloseTo(bound, 4);
  });
});

test('one that was missed is infinitely late, and an early alarm is no detection', () => {
  const outcomes = [
    { rule: 'a', watches: 3, early: 1, delays: [30, 10] },
    { rule: 'a', watches: 3, early: 0, delays: [20, 40] },
  ];
  const figures = figuresOf(outcomes);
  expect(figures).toEqual({ rule: 'a', watches: 6, early: 1, alarms: 4, median: 30 });
  expect(missedShare(figures)).toBeCloseTo(0.2);
});
