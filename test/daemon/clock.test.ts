import { afterEach, expect, test, vi } from 'vitest';

import { between, millis } from '../../src/core/kernel/units.ts';
import { systemClock } from '../../src/daemon/clock.ts';

afterEach(() => vi.restoreAllMocks());

test('now is the time of day, and goes on', async () => {
  const clock = systemClock();
  const first = clock.now();
  expect(Math.abs(first - Date.now())).toBeLessThan(1_000);
  await clock.wait(millis(5));
  expect(clock.now()).toBeGreaterThanOrEqual(first + 5);
});

test('a step of the machine’s clock moves no instant', () => {
  const clock = systemClock();
  const before = clock.now();
  vi.spyOn(Date, 'now').mockReturnValue(0);
  expect(Math.abs(between(before, clock.now()))).toBeLessThan(1_000);
});

test.each([0.4, 3, 17.8])('a wait of %d ms is never shorter', async (length) => {
  const clock = systemClock();
  const start = clock.now();
  await clock.wait(millis(length));
  expect(between(start, clock.now())).toBeGreaterThanOrEqual(length);
});

test.each([0, -5, Number.NEGATIVE_INFINITY])('a wait of %d ms is over at once', async (length) => {
  await expect(systemClock().wait(millis(length))).resolves.toBeUndefined();
});

test.each([millis(60_000), millis(Number.POSITIVE_INFINITY)])('an abort ends a wait of %d ms', async (length) => {
  const stop = new AbortController();
  const waiting = systemClock().wait(length, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow('aborted');
});

test('an abort beforehand leaves nothing to wait for', async () => {
  await expect(systemClock().wait(millis(0), AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
});
