import { expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { disturbedCounters } from '../../src/monitoring/disturbed-counters.ts';
import { fakeClock } from '../support/fake-clock.ts';

test('the counters are disturbed while the guard scans, and until the server has counted the scan', async () => {
  const clock = fakeClock();
  const own = disturbedCounters(clock);
  expect([own.areDisturbed(), own.epoch()]).toEqual([false, 0]);
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const work = [own.scanning(() => first.promise), own.scanning(() => second.promise)];
  expect([own.areDisturbed(), own.epoch()]).toEqual([true, 0]);
  first.resolve('read');
  expect(await work[0]).toBe('read');
  await clock.advance(seconds(60));
  expect(own.areDisturbed()).toBe(true); // the other scan is still running
  second.reject(new Error('gone'));
  await expect(work[1]).rejects.toThrow('gone');
  expect([own.areDisturbed(), own.epoch()]).toEqual([true, 2]);
  await clock.advance(seconds(12));
  expect(own.areDisturbed()).toBe(false);
});
