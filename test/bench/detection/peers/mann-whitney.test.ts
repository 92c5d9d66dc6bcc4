import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { differenceOfRank, shift } from '../../../../bench/detection/peers/mann-whitney.ts';

const ascending = (values: readonly number[]) => Float64Array.from(values).toSorted();
const values = fc.array(fc.double({ min: 0.1, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 30 });

test('the difference of a rank is that of all differences written down', () => {
  fc.assert(
    fc.property(values, values, fc.double({ min: 0, max: 1, noNaN: true }), (left, right, q) => {
      const [experiment, control] = [ascending(left), ascending(right)];
      const all = [...experiment].flatMap((a) => [...control].map((b) => a - b)).toSorted((a, b) => a - b);
      const rank = 1 + Math.floor(q * (all.length - 1));
      expect(Math.abs(differenceOfRank(experiment, control, rank) - (all[rank - 1] ?? 0))).toBeLessThan(1e-5);
    }),
  );
});

test('a block that is shifted by so much is estimated so, and the lower end lies below', () => {
  const control = Float64Array.from({ length: 300 }, (_, at) => at);
  const { estimate, lower } = shift(
    control.filter((_, at) => at % 6 === 0).map((value) => value + 100),
    control,
  );
  expect(Math.abs(estimate - 97)).toBeLessThan(2);
  expect(lower).toBeLessThan(estimate);
  // As R's wilcox.test(conf.level = .98, exact = FALSE) has it: about 2.33 standard errors below.
  expect(estimate - lower).toBeGreaterThan(20);
  expect(estimate - lower).toBeLessThan(45);
});
