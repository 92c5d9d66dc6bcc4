import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { sayWhole } from '../../../src/core/kernel/whole.ts';

test.each([
  { count: 0, said: '0' },
  { count: 999, said: '999' },
  { count: 1_000, said: '1,000' },
  { count: 1_234_567, said: '1,234,567' },
  { count: -1_000, said: '-1,000' },
])('$count is said $said', ({ count, said }) => {
  expect(sayWhole(count)).toBe(said);
});

test('a whole number is formatted like toLocaleString for English', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (count) => {
      expect(sayWhole(count)).toBe(count.toLocaleString('en'));
    }),
  );
});
