import { expect, test } from 'vitest';

import { randomOf } from '../../../bench/detection/laws/random.ts';
import { information, knownTime, unknownTime } from '../../../bench/detection/optimum.ts';

const hoursInAYear = 8_766;
const paths = 1_000;

/** From a study in another language, with another generator: medians in readings, one a second, one false alarm a year. */
test.each([
  { sigma: 0.1, slowdown: 1.6, known: 41, knownP95: 86, unknown: 68 },
  { sigma: 0.3, slowdown: 1.6, known: 353, knownP95: 733, unknown: 502 },
  { sigma: 0.3, slowdown: 2, known: 18, knownP95: 36, unknown: 31 },
  { sigma: 0.6, slowdown: 2, known: 70, knownP95: 155, unknown: 116 },
  { sigma: 0.6, slowdown: 3, known: 12, knownP95: 26, unknown: 23 },
  { sigma: 1, slowdown: 2, known: 199, knownP95: 427, unknown: 298 },
  { sigma: 1, slowdown: 3, known: 34, knownP95: 71, unknown: 59 },
])('sigma $sigma, $slowdown x: $known readings when the time is known, else $unknown', (row) => {
  const question = { sigma: row.sigma, slowdown: row.slowdown, limit: 1.5 };
  const known = knownTime(question, 1 / hoursInAYear, paths, randomOf('optimum', 'known'));
  const unknown = unknownTime(question, hoursInAYear * 3_600, paths, randomOf('optimum', 'unknown'));
  const near = (found: number, wanted: number) =>
    expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1 + 0.08 * wanted);
  near(known.median, row.known);
  near(known.p95, row.knownP95);
  near(unknown.median, row.unknown);
});

test('a reading tells ln(2 / 1.5)^2 / (2 sigma^2)', () => {
  expect(information({ sigma: 0.3, slowdown: 2, limit: 1.5 })).toBeCloseTo(0.4598, 3);
});

test('the threshold keeps what it promises: at the limit as many alarm as may', () => {
  // One in twenty, so that it can be counted: the test for 2x, on readings that are exactly 1.5 times as slow.
  const alpha = 1 / 20;
  const random = randomOf('optimum', 'promise');
  const signal = Math.log(2 / 1.5) / 0.3;
  // The walk at the limit has the drift turned round; above ln(1 / alpha) less the overshoot it alarms.
  const threshold = Math.log(1 / alpha) - 0.583 * signal; // Siegmund 1985, equation 10.13
  const alarms = Array.from({ length: 4_000 }, () => {
    let evidence = 0;
    for (let at = 0; at < 400 && evidence < threshold; at += 1) evidence += random.normal() * signal - signal ** 2 / 2;
    return evidence >= threshold;
  }).filter((alarmed) => alarmed).length;
  expect(alarms / 4_000).toBeLessThan(0.06);
  expect(alarms / 4_000).toBeGreaterThan(0.04);
});
