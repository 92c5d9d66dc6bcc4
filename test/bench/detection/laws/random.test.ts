import { describe, expect, test } from 'vitest';

import { gamma, pareto, type Random, randomOf, xoshiro128 } from '../../../../bench/detection/laws/random.ts';

const many = 20_000;
const draw = (of: (random: Random) => number, seed = 'one') => {
  const random = randomOf(seed);
  return Array.from({ length: many }, () => of(random));
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]) => {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
};

test('xoshiro128** gives the first words that follow from its definition', () => {
  // Of the state 1, 2, 3, 4: rotl(2 * 5, 7) * 9 = 11520; the second word after one step of the linear engine is 0.
  const next = xoshiro128([1, 2, 3, 4]);
  expect([next(), next(), next()]).toEqual([11_520, 0, 5_927_040]);
});

test('the same words give the same numbers, others others', () => {
  const first = (...words: (string | number)[]) => randomOf(...words).uniform();
  expect(first('a', 1)).toBe(first('a', 1));
  expect(first('a', 1)).not.toBe(first('a', 2));
  expect(first('a', 11)).not.toBe(first('a1', 1));
});

describe('mean and variance are those of the law', () => {
  test.each([
    { law: 'uniform', of: ({ uniform }: Random) => uniform(), wanted: [1 / 2, 1 / 12] },
    { law: 'normal', of: ({ normal }: Random) => normal(), wanted: [0, 1] },
    { law: 'gamma of shape 4', of: (random: Random) => gamma(random, 4), wanted: [4, 4] },
    { law: 'Pareto of shape 5', of: (random: Random) => pareto(random, 5), wanted: [5 / 4, 5 / 48] },
  ])('$law', ({ of, wanted: [wantedMean = 0, wantedVariance = 0] }) => {
    const values = draw(of);
    const fiveErrors = 5 * Math.sqrt(wantedVariance / many);
    expect(Math.abs(mean(values) - wantedMean)).toBeLessThan(fiveErrors);
    expect(variance(values) / wantedVariance).toBeGreaterThan(0.9);
    expect(variance(values) / wantedVariance).toBeLessThan(1.1);
  });

  test('one of twenty normal values lies beyond 1.96', () => {
    const beyond = draw(({ normal }) => normal()).filter((value) => Math.abs(value) > 1.959_964);
    expect(beyond.length / many).toBeCloseTo(0.05, 2);
  });
});
