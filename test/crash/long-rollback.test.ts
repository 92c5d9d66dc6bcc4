import { expect, test } from 'vitest';

import { everyCase } from '../support/every-case.ts';
import { type LongRollback, longRollbacks } from './long-rollback.ts';

/** `npm run test:every-case`, and so CI, kills as often as it takes to be sure; `npm test` samples. */
const kills = everyCase ? 25 : 4;

// How many kills one rollback takes depends on how fast the machine is.
test(`long rollbacks whose guard is killed ${kills} times: nothing is lost, and no step runs twice that may not`, async () => {
  const all: LongRollback[] = [];
  for await (const one of longRollbacks(0, kills)) all.push(one);
  expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  const sumOf = (what: 'kills' | 'cutOff' | 'orphans'): number => all.reduce((sum, one) => sum + one[what], 0);
  expect(sumOf('kills')).toBe(kills);
  // So that it is steps that are cut off, and work that goes on without a guard, not only waiting.
  expect(sumOf('cutOff')).toBeGreaterThan(everyCase ? 5 : 0);
  if (everyCase) expect(sumOf('orphans')).toBeGreaterThan(0);
}, 240_000);
