import { describe, expect, test } from 'vitest';

import { judgeSlowdown, observe, startWatcher, windowSize } from '../../../src/core/detection/slowdown.ts';
import type { ProbeBaseline } from '../../../src/core/evidence/baseline.ts';
import type { Reading } from '../../../src/core/evidence/reading.ts';
import { type Instant, millis, ratio, seconds } from '../../../src/core/kernel/units.ts';
import { answered, at, failed, longEnough, missing, search, start } from '../../support/builders.ts';

const rule = { limit: ratio(1.5), sustainedFor: seconds(10) };
const baseline = (p50: number): ProbeBaseline => ({
  probe: search,
  latencies: [p50],
  failed: 0,
  missing: 0,
  p50: millis(p50),
});

function judged(readings: readonly Reading[], p50: number | 'none' = 20, marker: Instant = start) {
  const before = p50 === 'none' ? undefined : baseline(p50);
  const watcher = readings.reduce(
    (so, reading) => observe(so, reading, before, rule, longEnough),
    startWatcher(marker),
  );
  return judgeSlowdown(watcher, before, rule);
}

/** One reading a second, each as long as the function says; `undefined` is a failure. */
const every = (count: number, took: (second: number) => number | undefined, from = 0): readonly Reading[] =>
  Array.from({ length: count }, (_, index) => {
    const length = took(from + index);
    return length === undefined ? failed(from + index) : answered(from + index, length);
  });

describe('strictly more than', () => {
  test.each([
    { p50: 20, took: 30, state: 'as-before' },
    { p50: 20, took: 30.001, state: 'slower' },
    // in binary 0.7 * 1.5 is less than 1.05, and 0.2 * 1.5 is more than 0.3
    { p50: 0.7, took: 1.05, state: 'as-before' },
    { p50: 0.7, took: 1.051, state: 'slower' },
    { p50: 0.2, took: 0.3, state: 'as-before' },
    { p50: 1.1, took: 1.65, state: 'as-before' },
  ])('a median of $took ms after $p50 ms is $state', ({ p50, took, state }) => {
    expect(
      judged(
        every(60, () => took),
        p50,
      ),
    ).toMatchObject({ state });
  });

  test('every thousandth of a millisecond: exactly 1.5 times as much is never slower', () => {
    const wrong = Array.from({ length: 2_000 }, (_, index) => (index + 1) / 1_000).filter(
      (p50) =>
        judged(
          every(31, () => Number((p50 * 1.5).toFixed(4))),
          p50,
        ).state !== 'as-before',
    );
    expect(wrong).toEqual([]);
  });

  test.each([
    { readings: windowSize - 1, state: 'unknown' },
    { readings: windowSize, state: 'slower-but-young' },
    { readings: windowSize + 10, state: 'slower-but-young' }, // above for exactly 10 s
    { readings: windowSize + 11, state: 'slower' },
  ])('after $readings slow readings it is $state', ({ readings, state }) => {
    expect(judged(every(readings, () => 40))).toMatchObject({ state });
  });
});

describe('what counts', () => {
  test('the ratio of the medians, and since when it is above the limit, are told', () => {
    expect(judged(every(60, (second) => (second < 20 ? 20 : 42)))).toEqual({
      state: 'slower',
      baseline: 20,
      current: 42,
      ratio: 2.1,
      readings: 20,
      since: at(30),
    });
  });

  test.each([
    { when: 'half of the readings fail', failing: (second: number) => second % 2 === 0, state: 'as-before' },
    { when: 'more than half of them fail', failing: (second: number) => second % 20 < 11, state: 'slower' },
  ])('$when: $state', ({ failing, state }) => {
    const slowdown = judged(every(80, (second) => (failing(second) ? undefined : 20)));
    expect(slowdown).toMatchObject({ state });
    if (state === 'slower') expect(Object.keys(slowdown)).not.toContain('ratio');
  });

  test('a stall of as many seconds as are ignored does not fire, a longer one does', () => {
    const fires = (length: number) =>
      Array.from({ length: 60 }, (_, index) => index + 21).some((readings) => {
        const stalled = every(readings, (second) => (second >= 20 && second < 20 + length ? undefined : 20));
        return judged(stalled).state === 'slower';
      });
    expect(fires(10)).toBe(false);
    expect(fires(13)).toBe(true);
  });

  test('one median that is well begins the time anew', () => {
    const readings = [...every(28, () => 40), ...every(12, () => 20, 28), ...every(20, () => 40, 40)];
    expect(judged(readings.slice(0, 28))).toMatchObject({ state: 'slower-but-young', since: at(19) });
    expect(judged(readings.slice(0, 40))).toMatchObject({ state: 'as-before' });
    expect(Object.keys(judged(readings.slice(0, 40)))).not.toContain('since');
    expect(judged(readings)).toMatchObject({ state: 'slower-but-young', since: at(50) });
  });
});

describe('what changes nothing', () => {
  const slow = every(25, () => 40);
  const before = judged(slow);
  test.each([
    { when: 'missing', more: [missing(25), missing(26), missing(40)] },
    { when: 'a repetition', more: Array.from({ length: 12 }, () => answered(24, 1)) },
    { when: 'out of order', more: every(12, () => 1, 12) },
  ])('a reading that is $when', ({ more }) => {
    expect(judged([...slow, ...more])).toEqual(before);
  });

  test('readings of before the marker, but the one at the marker counts', () => {
    expect(
      judged(
        every(25, () => 40),
        20,
        at(25),
      ),
    ).toEqual({
      state: 'unknown',
      because: 'too-few-readings',
      readings: 0,
    });
    expect(
      judged(
        every(25, () => 40),
        20,
        at(24),
      ),
    ).toMatchObject({ readings: 1 });
  });
});

describe('not knowing', () => {
  test('without a baseline nothing can be said, however slow it is', () => {
    expect(
      judged(
        every(60, () => 9_000),
        'none',
      ),
    ).toEqual({
      state: 'unknown',
      because: 'no-baseline',
      readings: 20,
    });
  });

  test('a baseline of 0 ms has no ratio that could be written down', () => {
    const slowdown = judged(
      every(60, () => 1),
      0,
    );
    expect(JSON.parse(JSON.stringify(slowdown))).toEqual(slowdown);
    expect(Object.keys(slowdown)).not.toContain('ratio');
  });

  test('time in which the guard was blind is not slow time', () => {
    // Slow for three seconds, blind for ten minutes, and then as fast as ever.
    const stalled = every(33, (second) => (second >= 20 ? undefined : 20));
    const afterwards = every(6, () => 20, 640);
    const all = [...stalled, ...afterwards];
    const states = all.map((_, index) => judged(all.slice(0, index + 1)).state);
    expect(states).not.toContain('slower');
    expect(states.at(-1)).toBe('slower-but-young');
  });

  test.each([
    { gap: 8, state: 'slower' },
    { gap: 8.001, state: 'slower-but-young' },
  ])('a gap of $gap s between readings, where eight may be, is $state', ({ gap, state }) => {
    expect(judged([...every(23, () => 40), answered(22 + gap, 40)])).toMatchObject({ state });
  });

  test('slowness on both sides of a blind time adds up without it', () => {
    const slow = [...every(26, () => 40), ...every(7, () => 40, 600)];
    expect(judged(slow.slice(0, -2))).toMatchObject({ state: 'slower-but-young', since: at(19) });
    expect(judged(slow)).toMatchObject({ state: 'slower', since: at(19) });
  });
});
