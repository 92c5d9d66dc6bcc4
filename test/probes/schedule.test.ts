import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Schedule } from '../../src/probes/schedule.ts';

test('an empty schedule has no first item', () => {
  const schedule = new Schedule([]);
  schedule.firstMoved();
  expect(schedule.first).toBeUndefined();
});

test('the first item is always the one that is due first, even after items were postponed', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 1 }), fc.array(fc.nat(50)), (dues, moves) => {
      const items = dues.map((due) => ({ due }));
      const schedule = new Schedule(items);
      for (const move of moves) {
        const first = schedule.first ?? { due: Number.NaN };
        expect(first.due).toBe(Math.min(...items.map(({ due }) => due)));
        first.due += move;
        schedule.firstMoved();
      }
    }),
  );
});
