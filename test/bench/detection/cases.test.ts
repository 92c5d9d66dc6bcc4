import { expect, test } from 'vitest';

import { planCases } from '../../../bench/detection/cases.ts';
import { laws } from '../../../bench/detection/laws/laws.ts';
import { alarmOf, runWatches, trialOf } from '../../../bench/detection/trial.ts';
import { slower } from '../../../bench/detection/laws/effects.ts';
import type { Rule } from '../../../bench/detection/rule.ts';
import { peers } from '../../../bench/detection/rules.ts';

const names = laws.map(({ name }) => name);
const loud = {
  id: 'one',
  law: 'lognormal-0.3',
  effect: slower(3),
  baseline: 50,
  dtSeconds: 1,
  isLate: true,
  after: 200,
  watches: 4,
};

test('every case is planned once, and every law must stay quiet without a change', () => {
  const cases = planCases(10, names);
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  const quiet = cases.filter(({ asks, id }) => asks === 'everyone' && /no change, baseline of 300/.test(id));
  expect(quiet.map(({ law }) => law)).toEqual(names);
  expect(quiet.every(({ after, isLate, watches }) => after === 3_600 && !isLate && watches === 10)).toBe(true);
});

test('only cases of the wanted laws are planned', () => {
  expect(planCases(10, ['gamma-4']).every(({ law }) => law === 'gamma-4')).toBe(true);
});

test('the same seed gives the same trial, another one another', () => {
  expect(trialOf(loud, 1, 'a')).toEqual(trialOf(loud, 1, 'a'));
  expect(trialOf(loud, 1, 'a')).not.toEqual(trialOf(loud, 1, 'b'));
  expect(trialOf(loud, 1, 'a')).not.toEqual(trialOf(loud, 2, 'a'));
});

test('two slowdowns differ in nothing but the slowdown', () => {
  const [twice, thrice] = [2, 3].map((factor) => trialOf({ ...loud, effect: slower(factor) }, 1, 'a'));
  expect(thrice?.calibration).toEqual(twice?.calibration);
  expect(thrice?.changedAt).toBe(twice?.changedAt);
  expect(thrice?.stream.at(-1)).toBeCloseTo(1.5 * (twice?.stream.at(-1) ?? 0), 6);
});

test('a late change comes after one to two minutes, and no other before the watch', () => {
  for (let watch = 0; watch < 20; watch += 1) {
    const { changedAt, stream } = trialOf(loud, watch, 'a');
    expect(changedAt).toBeGreaterThanOrEqual(60);
    expect(changedAt).toBeLessThan(120);
    expect(stream.length).toBe(changedAt + 200);
  }
  expect(trialOf({ ...loud, isLate: false }, 1, 'a').changedAt).toBe(0);
});

test('an alarm before the change is early; one with the first reading after it came with a delay of 1', () => {
  const at = (of: (changedAt: number) => number): Rule => ({
    name: 'fake',
    title: 'fake',
    start(_calibration, _dtSeconds, { markedAt = 0 }) {
      let readings = 0;
      return { take: () => readings++ === of(markedAt) };
    },
  });
  const run = (rule: Rule) => runWatches(loud, [rule], 0, 3, 'a')[0];
  expect(run(at((changedAt) => changedAt - 1))).toMatchObject({ early: 3, delays: [] });
  expect(run(at((changedAt) => changedAt))).toMatchObject({ early: 0, delays: [1, 1, 1] });
  expect(run(at(() => 10_000))).toMatchObject({ early: 0, delays: [] });
});

test('no rule looks ahead: what comes after an alarm does not change it', () => {
  for (const rule of peers) {
    const trial = trialOf({ ...loud, after: 1_000 }, 0, 'a');
    const alarm = alarmOf(rule, trial, loud);
    if (alarm === undefined) throw new Error(`${rule.name} did not alarm at 3x`);
    expect(alarmOf(rule, { ...trial, stream: trial.stream.slice(0, alarm + 1) }, loud)).toBe(alarm);
    expect(alarmOf(rule, { ...trial, stream: trial.stream.slice(0, alarm) }, loud)).toBeUndefined();
  }
});
