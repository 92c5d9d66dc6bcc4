import { expect, test } from 'vitest';

import { longRollback } from './long-rollback.ts';

test('a long rollback whose guard is killed again and again: nothing is lost, and no step runs twice that may not', async () => {
  const { kills, faults } = await longRollback(1, 25);
  expect(faults).toEqual([]);
  expect(kills).toBeGreaterThan(5);
}, 240_000);
