import { expect, test } from 'vitest';

import { nearest } from '../../../src/core/plan/nearest.ts';

const known = ['id', 'sql', 'http', 'after', 'every', 'timeout', 'estimate', 'slower_than', 'false_alarms'];

test.each([
  ['slower_then', 'slower_than'],
  ['slowerThan', 'slower_than'],
  ['slower-than', 'slower_than'],
  ['slower', 'slower_than'],
  ['TIMEOUT', 'timeout'],
  ['timeot', 'timeout'],
  ['etsimate', 'estimate'],
  ['htpt', 'http'],
  ['is', 'id'],
  ['ever', 'every'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
  ['y'.repeat(100_000), undefined],
])('for %j, %j was meant', (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
