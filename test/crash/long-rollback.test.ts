import { expect, test } from 'vitest';

import { everyCase } from '../support/every-case.ts';
import { type LongRollback, longRollbacks } from './long-rollback.ts';

/** `npm run test:every-case`, which CI runs, kills often enough to be sure; `npm test` only samples. */
const kills = everyCase ? 25 : 2;

// The number of kills per rollback depends on the speed of the machine.
test(`long rollbacks whose guard is killed ${kills} times lose nothing and repeat only repeatable steps`, async () => {
  const all: LongRollback[] = [];
  for await (const one of longRollbacks(0, kills)) all.push(one);
  expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  const sumOf = (what: 'kills' | 'cutOff' | 'orphans'): number => all.reduce((sum, one) => sum + one[what], 0);
  expect(sumOf('kills')).toBe(kills);
  // Make sure that kills interrupted steps and left work running, and did not only hit waits.
  expect(sumOf('cutOff')).toBeGreaterThan(everyCase ? 5 : 0);
  if (everyCase) expect(sumOf('orphans')).toBeGreaterThan(0);
}, 240_000);
