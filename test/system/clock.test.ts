import { afterEach, expect, test, vi } from 'vitest';

import { between, instant, millis } from '../../src/core/kernel/units.ts';
import { markUptime, systemClock } from '../../src/system/clock.ts';

afterEach(() => vi.restoreAllMocks());

test('now is the time of day, and advances', async () => {
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

test.each([
  { wall: 'ahead of the newest moment that is over', behind: -5_000, from: 'wall' },
  { wall: 'a little behind it', behind: 5_000, from: 'newest' },
  { wall: 'an hour behind it', behind: 3_600_000, from: 'wall' },
])('a clock that starts with the wall clock $wall starts there: $from', ({ behind, from }) => {
  const wall = instant(Date.now());
  vi.spyOn(Date, 'now').mockReturnValue(wall);
  const newest = instant(wall + behind);
  const begun = systemClock(newest).now();
  const expected = from === 'newest' ? newest : wall;
  expect(begun).toBeGreaterThanOrEqual(expected);
  expect(begun - expected).toBeLessThan(2_000);
});

test.each([
  { wall: 'is set forward', by: 7_200_000, ahead: 7_200_000 },
  { wall: 'is set back', by: -7_200_000, ahead: 0 },
  { wall: 'stays as it is', by: 0, ahead: 0 },
])('the lead of the wall clock is reported when it $wall', ({ by, ahead }) => {
  const clock = systemClock();
  const wall = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => wall() + by);
  expect(Math.abs(clock.offset() - by)).toBeLessThan(1_000);
  expect(Math.abs(clock.ahead() - ahead)).toBeLessThan(1_000);
});

test('after a suspension the machine is ahead by its length, even if its wall clock was set back', () => {
  let slept = 0;
  const clock = systemClock(undefined, () => performance.now() / 1_000 + slept);
  slept = 7_200;
  expect(clock.offset()).toBeLessThan(1_000);
  expect(Math.abs(clock.ahead() - 7_200_000)).toBeLessThan(1_000);
});

test('without an uptime, the lead is that of the wall clock', () => {
  const clock = systemClock(undefined, () => {
    throw new Error('no uptime');
  });
  expect(clock.ahead()).toBeLessThan(1_000);
});

test('the uptime continues whatever the wall clock shows', () => {
  const before = markUptime(systemClock());
  vi.spyOn(Date, 'now').mockReturnValue(0);
  const after = markUptime(systemClock());
  expect(after?.boot).toBe(before?.boot);
  expect(after!.up - before!.up).toBeGreaterThanOrEqual(0);
  expect(after!.up - before!.up).toBeLessThan(5_000);
});

test.each([0.4, 3, 17.8])('a wait of %d ms is never shorter', async (length) => {
  const clock = systemClock();
  const start = clock.now();
  await clock.wait(millis(length));
  expect(between(start, clock.now())).toBeGreaterThanOrEqual(length);
});

test.each([0, -5, Number.NEGATIVE_INFINITY])('a wait of %d ms ends immediately', async (length) => {
  await expect(systemClock().wait(millis(length))).resolves.toBeUndefined();
});

test.each([millis(60_000), millis(Number.POSITIVE_INFINITY)])('an abort ends a wait of %d ms', async (length) => {
  const stop = new AbortController();
  const waiting = systemClock().wait(length, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow('aborted');
});

test('an abort beforehand ends the wait immediately', async () => {
  await expect(systemClock().wait(millis(0), AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
});
