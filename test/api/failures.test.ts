import { expect, test } from 'vitest';

import { limitFailures } from '../../src/api/failures.ts';
import { after, millis, seconds } from '../../src/core/kernel/units.ts';
import { start } from '../support/builders.ts';

const limited = (more: Partial<Parameters<typeof limitFailures>[1]> = {}) => {
  let now = start;
  const failures = limitFailures(() => now, { burst: 3, each: seconds(1), addresses: 2, ...more });
  return {
    fail: (address: string, times = 1) => Array.from({ length: times }, () => failures.note(address)),
    pass: (length: number) => void (now = after(now, millis(length))),
  };
};

test('a burst is allowed, then one each second, with the time to wait', () => {
  const { fail, pass } = limited();
  expect(fail('a', 5)).toEqual([undefined, undefined, undefined, 1_000, 1_000]);
  pass(400);
  expect(fail('a')).toEqual([600]);
  pass(600);
  expect(fail('a', 2)).toEqual([undefined, 1_000]);
  pass(3_600_000); // an hour without failures saves up no more than a burst
  expect(fail('a', 4)).toEqual([undefined, undefined, undefined, 1_000]);
});

test('one address does not pay for another', () => {
  const { fail } = limited();
  fail('a', 9);
  expect(fail('b')).toEqual([undefined]);
});

test('memory is bounded: the address that failed longest ago is forgotten', () => {
  const { fail } = limited();
  fail('a', 4);
  fail('b', 4);
  fail('a');
  fail('c', 4);
  expect([fail('a'), fail('c')]).toEqual([[1_000], [1_000]]);
  expect(fail('b')).toEqual([undefined]);
});

test.each([-3_600_000, 0])('a clock step of %i ms grants nothing', (length) => {
  const { fail, pass } = limited();
  fail('a', 3);
  pass(length);
  expect(fail('a')).toEqual([1_000]);
});
