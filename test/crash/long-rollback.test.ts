import { expect, test } from 'vitest';

import { type LongRollback, longRollbacks } from './long-rollback.ts';

// How many kills one rollback takes depends on how fast the machine is.
test('long rollbacks whose guard is killed 25 times: nothing is lost, and no step runs twice that may not', async () => {
  const all: LongRollback[] = [];
  for await (const one of longRollbacks(0, 25)) all.push(one);
  expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  expect(all.reduce((sum, { kills }) => sum + kills, 0)).toBe(25);
}, 240_000);
