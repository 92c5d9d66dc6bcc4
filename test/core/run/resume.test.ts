import { describe, expect, test } from 'vitest';

import type { UptimeMark } from '../../../src/core/kernel/clock.ts';
import { type Instant, instant, millis, seconds } from '../../../src/core/kernel/units.ts';
import { decideOpen } from '../../../src/core/run/decide.ts';
import { evolve } from '../../../src/core/run/evolve.ts';
import { newestMoment, resumeAt } from '../../../src/core/run/resume.ts';
import type { RunState } from '../../../src/core/run/state.ts';
import { aPlan, at, dana, run, start, target, recordedPlan } from '../../support/builders.ts';

const hour = 3_600;
const mark = (up: number, second: number, boot = 'b'): UptimeMark => ({ boot, up: seconds(up), at: at(second) });

function opened(uptime?: UptimeMark): RunState {
  const input = { kind: 'open', run, plan: recordedPlan(), environment: 'staging', target, by: dana } as const;
  const decision = decideOpen(aPlan(), undefined, { ...input, ...(uptime !== undefined && { uptime }) }, start);
  if ('refused' in decision) throw new Error(decision.refused.found);
  return decision.events.reduce<RunState | undefined>(evolve, undefined)!;
}

describe('the newest moment that has certainly passed', () => {
  test.each([
    { by: 'the last event alone', uptime: undefined, known: {}, second: 0 },
    { by: 'a later reading', uptime: undefined, known: { newestReading: at(hour) }, second: hour },
    { by: 'the uptime of the same boot', uptime: mark(100, 0), known: { uptime: mark(400, -7) }, second: 300 },
    {
      by: 'the later of both',
      uptime: mark(100, 0),
      known: { newestReading: at(hour), uptime: mark(400, 0) },
      second: hour,
    },
    { by: 'no uptime of another boot', uptime: mark(100, 0), known: { uptime: mark(4_000, 0, 'c') }, second: 0 },
    { by: 'no uptime that counts anew', uptime: mark(100, 0), known: { uptime: mark(50, 0) }, second: 0 },
  ])('is told by $by', ({ uptime, known, second }) => {
    expect(newestMoment(opened(uptime), known)).toBe(at(second));
  });

  test('readings from before a known clock step or from before the run do not count', () => {
    const known = { newestReading: at(hour) };
    expect(newestMoment({ ...opened(), setBackFrom: at(hour) }, known)).toBe(at(0));
    expect(newestMoment(opened(), { newestReading: instant(start - 1) })).toBe(at(0));
  });
});

describe('the guard’s time continues', () => {
  test.each([
    { from: 'the wall clock', when: 'nothing is known', newest: undefined, wall: 5, goesOn: 5 },
    { from: 'the wall clock', when: 'it is ahead', newest: 5, wall: hour, goesOn: hour },
    { from: 'the newest moment', when: 'the wall clock is a little behind', newest: 60, wall: 1, goesOn: 60 },
    { from: 'the newest moment', when: 'the wall clock is a minute behind', newest: 60, wall: 0, goesOn: 60 },
    { from: 'the wall clock', when: 'it is more than a minute behind', newest: 61, wall: 0, goesOn: 0 },
  ])('from $from where $when', ({ newest, wall, goesOn }) => {
    expect(resumeAt(newest === undefined ? undefined : at(newest), at(wall))).toBe(at(goesOn));
  });
});

/** A machine whose wall clock changes, and a guard on it that is killed and restarted. */
function restarts(steps: readonly { readonly away: number; readonly step: number }[]) {
  let [truth, offset] = [0, 0];
  let uptime = mark(0, 0);
  let isFound = false;
  const guard = (): Instant => at(truth);
  let now = guard();
  for (const { away, step } of steps) {
    truth += away;
    offset += step;
    const state = { ...opened(uptime), lastAt: now };
    const newest = newestMoment(state, { uptime: { boot: 'b', up: seconds(truth), at: at(truth + offset) } });
    now = resumeAt(newest, at(truth + offset));
    isFound ||= newest > now;
    uptime = { boot: 'b', up: seconds(truth), at: now };
  }
  return { isFound, behind: millis(at(truth) - now) };
}

describe('within one boot, the guard detects every clock change that makes its time late', () => {
  test.each([
    { how: 'back an hour right away', steps: [{ away: 1, step: -hour }] },
    { how: 'back an hour after two hours away', steps: [{ away: 2 * hour, step: -hour }] },
    { how: 'back by 59 s, forty times', steps: Array.from({ length: 40 }, () => ({ away: 5, step: -59 })) },
    {
      how: 'back by 20 s, twice',
      steps: [
        { away: 5, step: -20 },
        { away: 5, step: -20 },
      ],
    },
    {
      how: 'forward, then back',
      steps: [
        { away: 5, step: hour },
        { away: 5, step: -hour },
      ],
    },
    {
      how: 'forward by 50 s, then back by 50 s',
      steps: [
        { away: 5, step: 50 },
        { away: 5, step: -50 },
      ],
    },
    {
      how: 'back, then forward',
      steps: [
        { away: 5, step: -50 },
        { away: 5, step: 50 },
      ],
    },
    {
      how: 'not at all',
      steps: [
        { away: 5, step: 0 },
        { away: 5, step: 0 },
      ],
    },
  ])('set $how', ({ steps }) => {
    const { isFound, behind } = restarts(steps);
    expect(isFound || behind <= 0).toBe(true);
  });

  test('and reports nothing if nobody sets the clock', () => {
    const steps = Array.from({ length: 100 }, () => ({ away: 7, step: 0 }));
    expect(restarts(steps)).toEqual({ isFound: false, behind: 0 });
  });
});
