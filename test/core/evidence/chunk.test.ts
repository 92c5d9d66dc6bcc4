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
const micros = fc.integer({ min: 0, max: 5_000_000 });
/** An answer over HTTP, whose parts (in microseconds) add up to the whole. */
const whole = (ms: number, connect: number, first: number, body: number): Reading => ({
  state: 'answered',
  probe,
  at: at(ms),
  took: millis((connect + first + body) / 1_000),
  parts: { connect: millis(connect / 1_000), first_byte: millis(first / 1_000), body: millis(body / 1_000) },
});
const reading: fc.Arbitrary<Reading> = fc.oneof(
  fc.tuple(offset, length).map(([ms, took]): Reading => ({ state: 'answered', probe, at: at(ms), took })),
  fc
    .tuple(
      offset,
      length,
      fc.record({ name: length, connect: length, tls: length, first_byte: length, body: length }, { requiredKeys: [] }),
    )
    .map(([ms, took, parts]): Reading => ({ state: 'answered', probe, at: at(ms), took, parts })),
  fc.tuple(offset, micros, micros, micros).map(([ms, connect, first, body]) => whole(ms, connect, first, body)),
  fc.tuple(offset, cause).map(([ms, why]) => failed(ms, why)),
  offset.map(missing),
  fc
    .tuple(offset, fc.string({ unit: 'grapheme' }))
    .map(([ms, because]): Reading => ({ ...missing(ms), state: 'missing', because })),
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

test('the readings of a minute are decoded unchanged and in order', () => {
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

test('any bytes are either decoded or rejected as unreadable', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 60 }), (form, bytes) => {
      expect(refusalOf(() => decodeReadings(probe, minute, Uint8Array.from([form, ...bytes])))).toSatisfy(
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
    {
      of: 'requests with their parts',
      body: each((ms, index) => whole(ms, 400 + index, 3_000, 90)),
      bytes: 8 * 60 + 10,
    },
    { of: 'the same failure', body: each((ms) => failed(ms, timeout)), bytes: 2 * 60 + 50 },
    { of: 'nothing asked', body: each((ms) => missing(ms)), bytes: 60 + 10 },
  ])('$of', ({ body, bytes }) => {
    expect(body.length).toBeLessThanOrEqual(bytes);
  });
});

test('the bytes of form 2 are as documented', () => {
  const connected: Reading = {
    state: 'answered',
    probe,
    at: at(1_000),
    took: millis(0.3),
    parts: { connect: millis(0.001) },
  };
  const bytes = encodeReadings([
    answered(0, 0.128),
    connected,
    whole(2_000, 3, 5, 7),
    failed(3_000, { ...timeout, message: 'ah', code: '7' }),
    missing(4_000),
    { state: 'missing', probe, at: at(5_000), because: 'no' },
    { state: 'missing', probe, at: at(6_000), because: 'no' },
  ]);
  expect([...bytes]).toEqual(
    [
      [2], // form
      [0, 128, 1], // answered at the minute's start, 128 microseconds
      [145, 78, 172, 2, 2, 1], // 1,000 ms later than expected (10 x 1,000 + 1), 300 microseconds; of bit 1: connected in 1
      [1, 15, 32 + 2 + 8 + 16, 3, 5], // as expected, 15 microseconds; connect, first byte, and the body is the rest
      [2, 0, ...word('timeout'), 1, ...word('7'), ...word('ah')], // as expected, with the first cause
      [3], // not asked, when expected
      [4, 0, ...word('no')], // not asked, for the first reason
      [4, 0], // the same again
    ].flat(),
  );
});

test('form 1 of an earlier version can be read', () => {
  const bytes = [
    [1], // form
    [0, 128, 1], // answered at the minute's start, 128 microseconds
    [193, 62, 172, 2, 1], // 1,000 ms later than expected (8 x 1,000 + 1), 300 microseconds, connected in 1
    [2, 0, ...word('timeout'), 1, ...word('7'), ...word('ah')], // as expected, with the first cause
    [3], // not asked, when expected
    [2, 0], // the same failure again
  ].flat();
  expect(decodeReadings(probe, minute, Uint8Array.from(bytes))).toEqual([
    answered(0, 0.128),
    { state: 'answered', probe, at: at(1_000), took: 0.3, parts: { connect: 0.001 } },
    failed(2_000, { ...timeout, message: 'ah', code: '7' }),
    missing(3_000),
    failed(4_000, { ...timeout, message: 'ah', code: '7' }),
  ]);
});

test.each([
  { of: 'a later form', body: [3, 0, 1], says: 'are in form 3; wanted readings in form 1 or 2' },
  { of: 'nothing at all', body: [], says: 'are in form none' },
  { of: 'a chunk cut short', body: [...encodeReadings([answered(0, 20)])].slice(0, -1), says: 'are damaged' },
  { of: 'a cause that was never given', body: [1, 2, 5], says: 'are damaged' },
  { of: 'a part that nobody knows', body: [2, 1, 9, 64], says: 'are damaged' },
  { of: 'parts longer than the whole', body: [2, 1, 9, 32 + 3, 10], says: 'are damaged' },
  { of: 'no part that is the rest', body: [2, 1, 9, 32], says: 'are damaged' },
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
  { what: 'a part that took less than nothing', readings: [whole(0, 1, -2, 3)] },
])('$what is not packed', ({ readings }) => {
  expect(() => encodeReadings(readings)).toThrow(RangeError);
});
