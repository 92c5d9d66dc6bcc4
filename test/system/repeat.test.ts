import { expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { repeat } from '../../src/system/repeat.ts';
import { fakeClock } from '../support/fake-clock.ts';

const unexpected = (error: unknown): never => {
  throw error;
};

test('work runs at its pace, and immediately on request', async () => {
  const clock = fakeClock();
  const done: number[] = [];
  const start = clock.now();
  await using work = repeat(clock, seconds(1), async () => void done.push(clock.now() - start), unexpected);
  await clock.advance(2_500);
  work.now();
  await clock.advance(1_000);
  expect(done).toEqual([0, 1_000, 2_000, 2_500, 3_000]);
});

test('frequent requests do not delay the next scheduled time', async () => {
  const clock = fakeClock();
  const done: number[] = [];
  const start = clock.now();
  await using work = repeat(clock, seconds(1), async () => void done.push(clock.now() - start), unexpected);
  for (let asked = 0; asked < 50; asked++) {
    work.now();
    await clock.advance(200);
  }
  const before = done.length;
  await clock.advance(3_000);
  expect(done.slice(before)).toEqual([11_000, 12_000, 13_000]);
});

test('work that takes longer than its interval does not overlap, and stays on its schedule', async () => {
  const clock = fakeClock();
  const begun: number[] = [];
  const start = clock.now();
  const slow = async () => {
    begun.push(clock.now() - start);
    if (begun.length === 1) await clock.wait(seconds(2.5));
  };
  await using _work = repeat(clock, seconds(1), slow, unexpected);
  await clock.advance(4_200);
  expect(begun).toEqual([0, 3_000, 4_000]);
});

test('a failure is reported, and the work continues', async () => {
  const clock = fakeClock();
  const failures: unknown[] = [];
  await using _work = repeat(
    clock,
    seconds(1),
    () => Promise.reject(new Error('no')),
    (error) => failures.push(error),
  );
  await clock.advance(2_100);
  expect(failures).toHaveLength(3);
});
