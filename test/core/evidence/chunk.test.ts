import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeReadings, encodeReadings, UnreadableChunk } from '../../../src/core/evidence/chunk.ts';
import { type Failure, failureReasons, type Reading } from '../../../src/core/evidence/reading.ts';
import { probeId } from '../../../src/core/kernel/ids.ts';
import { after, type Instant, instant, millis } from '../../../src/core/kernel/units.ts';

const probe = probeId('molecule-search');
const minute = instant(Date.UTC(2026, 10, 22, 2, 14));
const at = (offset: number): Instant => after(minute, millis(offset));
const answered = (offset: number, took: number): Reading => ({
  state: 'answered',
  probe,
  at: at(offset),
  took: millis(took),
});
const failed = (offset: number, cause: Failure): Reading => ({ state: 'failed', probe, at: at(offset), cause });
const missing = (offset: number): Reading => ({ state: 'missing', probe, at: at(offset) });
const timeout: Failure = { reason: 'timeout', message: 'no answer within 5 s' };

const offset = fc.integer({ min: 0, max: 59_999 });
const length = fc.integer({ min: 0, max: 3_600_000_000 }).map((micros) => millis(micros / 1_000));
const cause = fc
  .record(
    {
      reason: fc.constantFrom(...failureReasons),
      code: fc.string({ unit: 'grapheme', maxLength: 8 }),
      message: fc.string({ unit: 'grapheme' }),
    },
    { requiredKeys: ['reason', 'message'] },
  )
  .map(({ code, ...rest }): Failure => (code === undefined ? rest : { ...rest, code }));
const reading: fc.Arbitrary<Reading> = fc.oneof(
  fc.tuple(offset, length).map(([ms, took]): Reading => ({ state: 'answered', probe, at: at(ms), took })),
  fc
    .tuple(offset, length, length)
    .map(([ms, took, connect]): Reading => ({ state: 'answered', probe, at: at(ms), took, connect })),
  fc.tuple(offset, cause).map(([ms, why]) => failed(ms, why)),
  offset.map(missing),
);

const word = (text: string) => [text.length, ...new TextEncoder().encode(text)];

function refusalOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('any readings of a minute come back as they were, in their order', () => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 120 }), (readings) => {
      expect(decodeReadings(probe, minute, encodeReadings(readings))).toEqual(readings);
    }),
  );
});

test('lengths of time are kept to the microsecond', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (took) => {
      const [back] = decodeReadings(probe, minute, encodeReadings([answered(0, took)]));
      expect(back?.state === 'answered' && Math.abs(back.took - took)).toBeLessThanOrEqual(0.000_501);
    }),
  );
});

test('whatever the bytes are, they are read or refused as unreadable', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(refusalOf(() => decodeReadings(probe, minute, Uint8Array.from([1, ...bytes])))).toSatisfy(
        (error) => error === undefined || error instanceof UnreadableChunk,
      );
    }),
  );
});

/** A minute on a steady clock. */
const each = (of: (offset: number, index: number) => Reading) =>
  encodeReadings(Array.from({ length: 60 }, (_, index) => of(index * 1_000 + 137, index)));

describe('a minute of one reading a second is small', () => {
  test.each([
    { of: 'answers of some 20 ms', body: each((ms, index) => answered(ms, 18 + index / 7)), bytes: 4 * 60 + 10 },
    { of: 'answers of some 0.2 ms', body: each((ms, index) => answered(ms, 0.2 + index / 1_000)), bytes: 3 * 60 + 10 },
    { of: 'the same failure', body: each((ms) => failed(ms, timeout)), bytes: 2 * 60 + 50 },
    { of: 'nothing asked', body: each((ms) => missing(ms)), bytes: 60 + 10 },
  ])('$of', ({ body, bytes }) => {
    expect(body.length).toBeLessThanOrEqual(bytes);
  });
});

test('the bytes of form 1 are as documented', () => {
  const connected: Reading = { state: 'answered', probe, at: at(1_000), took: millis(0.3), connect: millis(0.001) };
  const bytes = encodeReadings([
    answered(0, 0.128),
    connected,
    failed(2_000, { ...timeout, message: 'ah', code: '7' }),
    missing(3_000),
  ]);
  expect([...bytes]).toEqual(
    [
      [1], // form
      [0, 128, 1], // answered at the minute's start, 128 microseconds
      [193, 62, 172, 2, 1], // 1,000 ms later than expected (8 x 1,000 + 1), 300 microseconds, connected in 1
      [2, 0, ...word('timeout'), 1, ...word('7'), ...word('ah')], // as expected, with the first cause
      [3], // not asked, when expected
    ].flat(),
  );
});

test.each([
  { of: 'a later form', body: [2, 0, 1], says: 'are in form 2; wanted readings in form 1' },
  { of: 'nothing at all', body: [], says: 'are in form none' },
  { of: 'a chunk cut short', body: [...encodeReadings([answered(0, 20)])].slice(0, -1), says: 'are damaged' },
  { of: 'a cause that was never given', body: [1, 2, 5], says: 'are damaged' },
])('$of is refused with the probe and the minute', ({ body, says }) => {
  const decode = () => decodeReadings(probe, minute, Uint8Array.from(body));
  expect(decode).toThrow(UnreadableChunk);
  expect(decode).toThrow(`the readings of probe molecule-search in the minute from 2026-11-22T02:14:00.000Z ${says}`);
});

test.each([
  { what: 'a reading of the next minute', readings: [answered(0, 1), answered(60_000, 1)] },
  { what: 'a reading of another probe', readings: [answered(0, 1), { ...answered(1, 1), probe: probeId('other') }] },
  { what: 'an answer that took for ever', readings: [answered(0, Number.POSITIVE_INFINITY)] },
  { what: 'an answer that took less than nothing', readings: [answered(0, -1)] },
])('$what is not packed', ({ readings }) => {
  expect(() => encodeReadings(readings)).toThrow(RangeError);
});
