import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { betaBelow, betaQuantile } from '../../../src/core/detection/beta.ts';
import { normalBelow, normalQuantile } from '../../../src/core/detection/normal.ts';

describe('the normal law', () => {
  // Values of SciPy 1.17 (scipy.stats.norm), to the digits that it prints.
  test.each([
    { x: 0, below: 0.5 },
    { x: 0.5, below: 0.691462461274013 },
    { x: 1, below: 0.841344746068543 },
    { x: 1.96, below: 0.97500210485178 },
    { x: -3, below: 1.349898031630095e-3 },
    { x: -5, below: 2.866515718791939e-7 },
    { x: -8, below: 6.220960574271785e-16 },
    { x: -38, below: 0 },
  ])('below $x lies $below', ({ x, below }) => {
    expect(Math.abs(normalBelow(x) - below)).toBeLessThanOrEqual(1e-10 * below + (x < -6 ? 1e-7 * below : 0));
  });

  test.each([
    { p: 0.975, x: 1.959963984540054 },
    { p: 0.95, x: 1.644853626951473 },
    { p: 0.5, x: 0 },
    { p: 0.001, x: -3.090232306167813 },
    { p: 1e-10, x: -6.361340902404056 },
    { p: 1e-30, x: -11.464024688443617 },
    { p: 0, x: Number.NEGATIVE_INFINITY },
    { p: 1, x: Number.POSITIVE_INFINITY },
  ])('$p lies below $x', ({ p, x }) => {
    expect(normalQuantile(p)).toBeCloseTo(x, 12);
  });

  test('quantile and probability undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: -8, max: 5, noNaN: true }), (x) => {
        expect(Math.abs(normalQuantile(normalBelow(x)) - x)).toBeLessThan(1e-8);
      }),
    );
  });
});

describe('the beta law', () => {
  // Exact where there is a closed form: x^a for b = 1, 1 - (1 - x)^b for a = 1, (2 / pi) asin(sqrt x) for a = b = 1/2.
  test.each([
    { x: 0.3, a: 2.5, b: 1, below: 0.3 ** 2.5 },
    { x: 0.3, a: 1, b: 7.5, below: 1 - 0.7 ** 7.5 },
    { x: 0.2, a: 0.5, b: 0.5, below: (2 / Math.PI) * Math.asin(Math.sqrt(0.2)) },
    { x: 0.5, a: 40, b: 40, below: 0.5 },
    { x: 0, a: 2, b: 3, below: 0 },
    { x: 1, a: 2, b: 3, below: 1 },
  ])('of ($a, $b) below $x lies $below', ({ x, a, b, below }) => {
    expect(betaBelow(x, a, b)).toBeCloseTo(below, 13);
  });

  /** Simpson's rule on 20,000 pieces; for a, b >= 1, where the density is bounded. */
  function integrated(x: number, a: number, b: number): number {
    const density = (at: number) => at ** (a - 1) * (1 - at) ** (b - 1);
    const simpson = (to: number) => {
      const width = to / 20_000;
      const sum = Array.from({ length: 20_001 }, (_, index) => density(index * width)).reduce(
        (so, value, index) => so + value * (index === 0 || index === 20_000 ? 1 : index % 2 === 1 ? 4 : 2),
        0,
      );
      return (sum * width) / 3;
    };
    return simpson(x) / simpson(1);
  }

  test.each([
    { x: 0.04, a: 2, b: 60 },
    { x: 0.12, a: 16, b: 120 },
    { x: 0.5, a: 3.75, b: 9.25 },
    { x: 0.9, a: 40, b: 5.5 },
  ])('of ($a, $b) below $x lies what integrating its density gives', ({ x, a, b }) => {
    expect(betaBelow(x, a, b)).toBeCloseTo(integrated(x, a, b), 9);
  });

  // The first two have the closed form 1 - 0.05^(1/n); the others are values of SciPy 1.17 (scipy.stats.beta.ppf).
  test.each([
    { p: 0.95, a: 1, b: 3, x: 1 - 0.05 ** (1 / 3) },
    { p: 0.95, a: 1, b: 100_000, x: 1 - 0.05 ** (1 / 100_000) },
    { p: 0.95, a: 16, b: 285, x: 0.07594869829959539 },
    { p: 0.95, a: 180.5, b: 120.25, x: 0.6461800873654702 },
    { p: 0.95, a: 1.01, b: 0.5, x: 0.9975302829527248 },
  ])('$p of ($a, $b) lies below $x', ({ p, a, b, x }) => {
    expect(Math.abs(betaQuantile(p, a, b) / x - 1)).toBeLessThan(1e-10);
  });

  test('quantile and probability undo each other', () => {
    const size = fc.double({ min: 1, max: 4_000, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), size, size, (p, a, b) => {
        expect(betaBelow(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 8);
      }),
    );
  });
});
