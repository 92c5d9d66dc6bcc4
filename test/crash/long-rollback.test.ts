import { expect, test } from 'vitest';

import { type LongRollback, longRollbacks } from './long-rollback.ts';

// How many kills one rollback takes depends on how fast the machine is.
test('long rollbacks whose guard is killed 25 times: nothing is lost, and no step runs twice that may not', async () => {
  const all: LongRollback[] = [];
  for await (const one of longRollbacks(0, 25)) all.push(one);
  expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  const sumOf = (what: 'kills' | 'cutOff' | 'orphans'): number => all.reduce((sum, one) => sum + one[what], 0);
  expect(sumOf('kills')).toBe(25);
  // So that it is steps that are cut off, and work that goes on without a guard, not only waiting.
  expect(sumOf('cutOff')).toBeGreaterThan(5);
  expect(sumOf('orphans')).toBeGreaterThan(0);
}, 240_000);
