import { describe, expect, test } from 'vitest';

import { hours, millis, minutes, seconds } from '../../../src/core/kernel/units.ts';
import { decideWatch, evolveWatch, stride, type Watch, type WatchTick } from '../../../src/core/watch/watch.ts';
import { at, broken, slow } from '../../support/builders.ts';

const begun = evolveWatch(undefined, { type: 'watch-started', v: 1, at: at(0), length: hours(1) }) as Watch;
const tick = (more: Partial<WatchTick> = {}): WatchTick => ({ breaches: [], unrecorded: millis(0), ...more });

/** Evaluates once a second while `sighted` says so, as the daemon does; ends when it settles or after `most` seconds. */
function watched(most: number, sighted: (second: number) => boolean, away: (second: number) => boolean = () => false) {
  let watch = begun;
  let unrecorded = millis(0);
  let last: ReturnType<typeof at> | undefined;
  for (let second = 1; second <= most; second += 1) {
    if (away(second)) continue;
    unrecorded = millis(unrecorded + stride(last ?? at(0), !sighted(second), at(second)));
    last = at(second);
    for (const event of decideWatch(watch, tick({ unrecorded }), at(second))) {
      watch = evolveWatch(watch, event) ?? watch;
      if (event.type === 'watch-advanced') unrecorded = millis(0);
      if (event.type === 'watch-settled') return { second, watch };
    }
  }
  return { second: undefined, watch };
}

describe('a watch lasts its full length of watched time', () => {
  test.each([
    { when: 'the guard saw all of it', sighted: () => true, settles: 3_600 },
    {
      when: 'it was blind for ten minutes',
      sighted: (second: number) => second < 100 || second >= 700,
      settles: 4_200,
    },
    { when: 'it was blind every second second', sighted: (second: number) => second % 2 === 0, settles: 7_200 },
    { when: 'it was blind all the time', sighted: () => false, settles: undefined },
    {
      when: 'it was away for half an hour',
      sighted: () => true,
      away: (second: number) => second >= 60 && second < 1_860,
      settles: 5_401,
    },
  ])('$when: it settles after $settles s', ({ sighted, away, settles }) => {
    expect(watched(20_000, sighted, away).second).toBe(settles);
  });

  test('a short watch records its progress more often, so that people see it', () => {
    const short = evolveWatch(undefined, { type: 'watch-started', v: 1, at: at(0), length: seconds(20) }) as Watch;
    const types = [0.9, 1].map((second) =>
      decideWatch(short, tick({ unrecorded: millis(second * 1_000) }), at(second)).map(({ type }) => type),
    );
    expect(types).toEqual([[], ['watch-advanced']]);
  });

  test('a crash loses at most a minute of the watch', () => {
    expect(watched(1_830, () => true).watch).toMatchObject({
      seen: minutes(30),
      countedTo: at(1_800),
      state: 'watching',
    });
  });
});

describe('a stride', () => {
  test.each([
    { when: 'the first look', last: undefined, blind: false, now: 1, counts: 0 },
    { when: 'a second later', last: 1, blind: false, now: 2, counts: 1 },
    { when: 'exactly the longest stride', last: 1, blind: false, now: 6, counts: 5 },
    { when: 'longer than that', last: 1, blind: false, now: 6.001, counts: 0 },
    { when: 'blind', last: 1, blind: true, now: 2, counts: 0 },
    { when: 'the clock was set back', last: 9, blind: false, now: 2, counts: 0 },
  ])('$when counts $counts s', ({ last, blind, now, counts }) => {
    expect(stride(last === undefined ? undefined : at(last), blind, at(now))).toBe(seconds(counts));
  });
});

describe('a relapse', () => {
  const relapse = (watch: Watch, ...breaches: WatchTick['breaches']) => decideWatch(watch, tick({ breaches }), at(60));
  const relapsed = evolveWatch(begun, {
    type: 'watch-relapsed',
    v: 1,
    at: at(50),
    evidence: [slow('breach')],
  }) as Watch;

  test.each([
    { when: 'nothing is breached', watch: begun, breaches: [], evidence: [] },
    { when: 'something is', watch: begun, breaches: [slow('breach')], evidence: [slow('breach')] },
    { when: 'it is the same as before', watch: relapsed, breaches: [slow('breach')], evidence: [] },
    {
      when: 'another one joins it',
      watch: relapsed,
      breaches: [slow('breach'), broken('breach')],
      evidence: [broken('breach')],
    },
  ])('$when', ({ watch, breaches, evidence }) => {
    expect(
      relapse(watch, ...breaches).flatMap((event) => (event.type === 'watch-relapsed' ? event.evidence : [])),
    ).toEqual(evidence);
  });

  test('does not end the watch, and counts at its end, even in the last second', () => {
    const almost = { ...relapsed, seen: millis(hours(1) - 1) };
    const events = decideWatch(almost, tick({ breaches: [broken('breach')], unrecorded: millis(1) }), at(3_700));
    expect(events.map(({ type }) => type)).toEqual(['watch-relapsed', 'watch-settled']);
    expect(events.at(-1)).toMatchObject({ relapses: 2, seen: hours(1) });
    const settled = events.reduce<Watch | undefined>(evolveWatch, almost) as Watch;
    expect(settled).toMatchObject({ state: 'settled', endedAt: at(3_700) });
    expect(decideWatch(settled, tick({ breaches: [broken('breach')] }), at(3_800))).toEqual([]);
  });
});

test('a watch begins only with its event', () => {
  expect(evolveWatch(undefined, { type: 'watch-advanced', v: 1, at: at(1), seen: minutes(1) })).toBeUndefined();
});
