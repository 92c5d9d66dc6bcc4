import { expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { preparations } from '../../src/phases/preparations.ts';
import { fakeClock } from '../support/fake-clock.ts';

const patience = seconds(20);

/** Work that ends when the test says so, and counts its starts. */
function slowWork() {
  const work = { begun: 0, ...Promise.withResolvers<string>() };
  const prepare = () => {
    work.begun += 1;
    return work.promise;
  };
  return { work, prepare };
}

/** Slow work that was requested and was not ready in time. */
async function late() {
  const clock = fakeClock();
  const { work, prepare } = slowWork();
  const starting = preparations<string>(clock);
  const first = starting.within(patience, 'a', prepare);
  await clock.advance(20_000);
  return { clock, work, prepare, starting, first: await first };
}

test('a result that is ready in time is the answer', async () => {
  const clock = fakeClock();
  await expect(preparations(clock).within(patience, 'a', async () => 'ready')).resolves.toBe('ready');
  expect(clock.waiting).toBe(0);
});

test('a slow preparation starts once, and a later request gets its result', async () => {
  const { clock, work, prepare, starting, first } = await late();
  expect(first).toBeUndefined();
  const again = starting.within(patience, 'a', prepare);
  work.resolve('ready');
  await expect(again).resolves.toBe('ready');
  expect([work.begun, clock.waiting]).toEqual([1, 0]);
  await starting.within(patience, 'a', prepare);
  expect(work.begun).toBe(2);
});

test('a failure is not kept: the next request starts a new preparation', async () => {
  const { work, prepare, starting } = await late();
  work.reject(new Error('the target is gone'));
  await expect(starting.within(patience, 'a', prepare)).rejects.toThrow('the target is gone');
  await expect(starting.within(patience, 'a', async () => 'ready')).resolves.toBe('ready');
});

test('an unclaimed result is not given to a much later request', async () => {
  const { clock, work, starting } = await late();
  work.resolve('old');
  await clock.advance(61_000);
  await expect(starting.within(patience, 'a', async () => 'new')).resolves.toBe('new');
});

test('a preparation for another key starts after the first is ready, not in parallel', async () => {
  const { work, prepare, starting } = await late();
  const other = slowWork();
  for (const key of ['b', 'c', 'd'])
    await expect(starting.within(patience, key, other.prepare)).resolves.toBeUndefined();
  expect(other.work.begun).toBe(0);
  work.resolve('ready');
  await expect(starting.within(patience, 'a', prepare)).resolves.toBe('ready');
  other.work.resolve('other');
  await expect(starting.within(patience, 'b', other.prepare)).resolves.toBe('other');
  expect([work.begun, other.work.begun]).toEqual([1, 1]);
});
