import { expect, test } from 'vitest';

import { instant, millis } from '../../src/core/kernel/units.ts';
import { noteStops } from '../../src/probes/stops.ts';

const woken = (stops: ReturnType<typeof noteStops>, from: number, length: number, late: number) =>
  stops.woke(stops.waits(instant(from), millis(length)), instant(from + length + late));

test.each([
  { when: 'the whole stop lies within it', from: 0, to: 2_000, within: 900 },
  { when: 'it begins during a stop', from: 500, to: 2_000, within: 550 },
  { when: 'it ends during a stop', from: 0, to: 250, within: 100 },
  { when: 'it ended before', from: 0, to: 150, within: 0 },
  { when: 'it began afterwards', from: 1_100, to: 2_000, within: 0 },
])('a period has $within ms of stop when $when', ({ from, to, within }) => {
  const stops = noteStops();
  expect(woken(stops, 0, 50, 2)).toBe(2);
  expect(woken(stops, 100, 50, 900)).toBe(900); // from 150 to 1050
  expect(woken(stops, 1_050, 50, 1)).toBe(1);
  expect(stops.within(instant(from), instant(to))).toBe(within);
});

test('a timer that fires slightly late does not count as a stop', () => {
  const stops = noteStops();
  woken(stops, 0, 50, 19);
  expect(stops.within(instant(0), instant(1_000))).toBe(0);
});

test('an answer that arrives before the overdue wake-up accounts for the stop', () => {
  const stops = noteStops();
  stops.waits(instant(0), millis(50));
  expect(stops.within(instant(0), instant(60))).toBe(0);
  expect(stops.within(instant(0), instant(5_050))).toBe(5_000);
});
