import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  isLateness,
  lateness,
  latenessOf,
  latenessOfFailure,
  learnUsual,
  nothingUsual,
  noOwnTime,
  type OwnTime,
  type Timed,
} from '../../../src/core/evidence/own-time.ts';
import { millis } from '../../../src/core/kernel/units.ts';

const own = (busy: number, waiting = 0): OwnTime => ({ busy: millis(busy), waiting: millis(waiting) });
const timed = (took: number, taken: OwnTime, stopped = 0) => ({
  took: millis(took),
  own: taken,
  stopped: millis(stopped),
});
const quietly = (median: number, upper = median) => ({
  quietest: { median: millis(median), upper: millis(upper) },
  block: [],
  recent: [],
});
/** A guard that normally needs a millisecond for a reading. */
const quiet = quietly(1);

test.each([
  { what: 'a quick answer with the usual work', reading: timed(3, own(1)), because: undefined },
  { what: 'a quick answer with a little more', reading: timed(3.7, own(1.7)), because: undefined },
  { what: 'just a quarter more', reading: timed(4, own(2)), because: undefined },
  { what: 'an answer of which most is the guard’s other work', reading: timed(8, own(6)), because: lateness.busy },
  {
    what: 'an answer that lay there while the guard had no CPU',
    reading: timed(8, own(1, 5)),
    because: lateness.waiting,
  },
  {
    what: 'an answer that lay there while the process stood still',
    reading: timed(900, own(1), 890),
    because: lateness.stopped,
  },
  { what: 'a slow target while the guard is well', reading: timed(2_000, own(1)), because: undefined },
  { what: 'a target twice as slow while the guard lags a little', reading: timed(6.5, own(1.5)), because: undefined },
  {
    what: 'a slow target during a stall of the guard that is short beside it',
    reading: timed(2_000, own(300)),
    because: undefined,
  },
  {
    what: 'a slow target that was asked by a guard that was mostly away',
    reading: timed(2_000, own(900)),
    because: lateness.busy,
  },
])('$what: $because', ({ reading, because }) => {
  expect(latenessOf(reading, quiet)).toBe(because);
  expect(isLateness(because)).toBe(because !== undefined);
});

test.each<{ what: string; reading: Timed; reason: string; code?: string; because: string | undefined }>([
  { what: 'a timeout of the target', reading: timed(5_000, own(20)), reason: 'timeout', because: undefined },
  {
    what: 'a timeout during which the guard was away',
    reading: timed(5_000, own(3_000)),
    reason: 'timeout',
    because: lateness.busy,
  },
  {
    what: 'a timeout that came because the process stood still',
    reading: timed(60_000, own(2), 55_000),
    reason: 'timeout',
    because: lateness.stopped,
  },
  {
    what: 'a refusal while the guard is a little late',
    reading: timed(4, own(3)),
    reason: 'connect',
    because: undefined,
  },
  {
    what: 'an error of the server while the guard is late',
    reading: timed(900, own(800)),
    reason: 'query',
    because: undefined,
  },
  {
    what: 'a connection that was lost while the process stood still',
    reading: timed(30_000, own(2), 29_000),
    reason: 'connect',
    because: lateness.stopped,
  },
  {
    what: 'a connection that was not made in time while the guard was busy',
    reading: timed(900, own(800)),
    reason: 'connect',
    code: 'ETIMEDOUT',
    because: lateness.busy,
  },
  {
    what: 'a connection that was not made in time',
    reading: timed(900, own(8)),
    reason: 'connect',
    code: 'ETIMEDOUT',
    because: undefined,
  },
])('$what is missing: $because', ({ reading, reason, code, because }) => {
  expect(latenessOfFailure(reading, { reason, ...(code !== undefined && { code }) })).toBe(because);
});

const learned = (...owns: readonly number[]) =>
  owns.reduce((usual, busy) => learnUsual(usual, own(busy), millis(1_000)), nothingUsual);
const many = (count: number, busy: number): readonly number[] => Array.from({ length: count }, () => busy);

test('the usual own time comes from the quietest block, and a busy guard never raises it', () => {
  const medianOf = (...owns: readonly number[]) => learned(...owns).quietest?.median;
  expect(medianOf(...many(39, 4))).toBeUndefined();
  expect(medianOf(...many(40, 4))).toBe(4);
  expect(medianOf(...many(40, 4), ...many(40, 1))).toBe(1);
  expect(learned(...many(40, 1), ...many(10_000, 40)).quietest).toEqual({ median: 1, upper: 1 });
  expect(medianOf(...many(30, 1), ...many(10, 90))).toBe(1); // a few stalls in a block are not usual
});

/** A probe whose readings cost the guard 1 ms, and sometimes 2. */
const quietTenth = learned(...many(34, 1), ...many(6, 2));

test('a reading with an own time that occurs normally counts, unless the guard is late for all readings', () => {
  const expensive = timed(4, own(2.9));
  expect(latenessOf(expensive, quietTenth)).toBeUndefined();
  const row = many(8, 0).reduce((usual) => learnUsual(usual, expensive.own, expensive.took), quietTenth);
  expect(latenessOf(expensive, row)).toBe(lateness.busy);
  expect(latenessOf(timed(3, own(1)), row)).toBeUndefined(); // this one was in time
  const mixed = many(8, 0).reduce(
    (usual, _, place) =>
      place % 2 ? learnUsual(usual, expensive.own, expensive.took) : learnUsual(usual, own(1), millis(3)),
    quietTenth,
  );
  expect(latenessOf(timed(3, own(1)), mixed)).toBeUndefined();
});

test('a probe’s first readings are compared with each other', () => {
  const usual = learned(1, 1, 1);
  expect(latenessOf(timed(3, own(1)), usual)).toBeUndefined();
  expect(latenessOf(timed(60, own(58)), usual)).toBe(lateness.busy);
  expect(latenessOf(timed(60, own(58)), nothingUsual)).toBeUndefined(); // the usual time is still unknown
});

test('busy time and CPU waiting together never exceed the whole time', () => {
  expect(learnUsual(nothingUsual, own(8, 8), millis(10)).block).toEqual([10]);
  expect(latenessOf(timed(10, own(8, 8)), quietly(10))).toBeUndefined();
});

test('the guard’s own time never makes a healthy answer that counts look 1.4 times as slow', () => {
  const positive = fc.double({ min: 0.01, max: 10_000, noNaN: true });
  fc.assert(
    fc.property(positive, positive, positive, (target, usual, more) => {
      const [healthy, measured] = [target + usual, target + usual + more];
      const because = latenessOf(timed(measured, own(usual + more)), quietly(usual));
      return because !== undefined || measured / healthy < 1.4;
    }),
  );
  expect(latenessOf(timed(10, noOwnTime), quiet)).toBeUndefined();
});
