import { describe, expect, test } from 'vitest';

import type { Compared, SlownessState } from '../../../src/core/detection/judge-slowness.ts';
import { instant, millis, minutes, ratio, seconds } from '../../../src/core/kernel/units.ts';
import { checkVerdict } from '../../../src/core/verdicts/checks.ts';
import { probeVerdict } from '../../../src/core/verdicts/functionality.ts';
import {
  type Judged,
  performanceVerdict,
  sayOneIn,
  sayRatio,
  unknownPerformance,
} from '../../../src/core/verdicts/performance.ts';
import { runtimeVerdict } from '../../../src/core/verdicts/runtime.ts';
import { byCriterion, type Verdict } from '../../../src/core/verdicts/verdict.ts';
import { aBaseline, broken, failed, finding, orphans, schema, search, slow, withRows } from '../../support/builders.ts';

/** People who are woken at night decide by these sentences, so the tests fix them word for word. */

const since = instant(Date.UTC(2026, 10, 22, 2, 14, 7));
const than = 'before relationship-remediation';
const limits = { limit: ratio(1.5), guard: ratio(1.4), ignoreStallsUnder: seconds(10) };
const performance = (state: SlownessState, is: Partial<Compared>, more: Partial<Judged> = {}) =>
  performanceVerdict(search, {
    state,
    compared: { statistic: 'median', baseline: millis(19), failed: 0, readings: 20, ...is },
    ...(state !== 'as-before' && { rising: { since, readings: 34 } }),
    limits,
    falseAlarms: 1 / 8_760,
    than,
    ...more,
  });
const compared = (state: SlownessState, current: number, more: Partial<Judged> = {}) =>
  performance(state, { current: millis(current), ratio: ratio(current / 19) }, more);

const [timeout, gone] = [failed(0), failed(0, '42P01')].map((reading) =>
  reading.state === 'failed' ? reading.cause : undefined,
);
const patience = { brokenFor: seconds(60), undefinedFor: seconds(10) };
const outage = (failures: number, seen: number, cause = timeout, goneFor?: number) =>
  probeVerdict(
    search,
    {
      lastEvidence: since,
      outage: {
        since,
        seen: seconds(seen),
        reachedFor: seconds(seen),
        failures,
        cause: cause ?? { reason: 'timeout', message: '' },
        ...(goneFor !== undefined && { goneFor: seconds(goneFor) }),
      },
    },
    patience,
    aBaseline().probes[0],
  );

const runtime = (subject: string, worked: number, progress?: number) =>
  runtimeVerdict(
    subject,
    {
      estimate: minutes(30),
      startedAt: since,
      heldFor: millis(0),
      ...(progress !== undefined && { progress: { fraction: progress, at: instant(since + minutes(worked)) } }),
    },
    ratio(2),
    instant(since + minutes(worked)),
  );

const orphanRule = { check: orphans, criterion: 'integrity', expect: 'no rows', brokenFor: seconds(60) } as const;
const check = (
  ...[now, before, rule = orphanRule]: readonly [
    ReturnType<typeof finding>,
    ReturnType<typeof finding>?,
    Parameters<typeof checkVerdict>[0]?,
  ]
) => checkVerdict(rule, { finding: now, ...(now.status === 'breach' && { breachSince: since }) }, before);

const one = finding('breach', 0, { summary: '1 row, wanted none: (17)', ...withRows('17') });

test.each<{ readonly verdict: Verdict; readonly says: string }>([
  {
    verdict: unknownPerformance(search, limits, { because: 'no-baseline' }),
    says: 'molecule-search cannot be compared yet: it has no baseline',
  },
  {
    verdict: unknownPerformance(search, limits, { because: 'no-baseline', failed: 160 }),
    says: 'molecule-search cannot be compared yet: it mostly failed in its baseline: capture another',
  },
  {
    verdict: unknownPerformance(search, limits, { because: 'too-few-readings', readings: 3, wanted: 20 }),
    says: 'molecule-search cannot be compared yet: it has 3 of the 20 readings that it needs',
  },
  {
    verdict: unknownPerformance(search, limits, { because: 'baseline-too-short', independentReadings: 7.9 }),
    says: 'molecule-search cannot be compared yet: its baseline is worth only 7 independent readings: capture a longer one',
  },
  {
    verdict: compared('as-before', 20),
    says: 'molecule-search answers as fast as before relationship-remediation (median 20 ms, was 19 ms; last 20 readings)',
  },
  {
    verdict: compared('as-before', 20, { limits: { ...limits, limit: ratio(1.01), guard: ratio(1.008) } }),
    says: 'molecule-search is 1.1x as slow as before relationship-remediation (median 20 ms, was 19 ms; last 20 readings)',
  },
  {
    verdict: compared('as-before', 26.6),
    says: 'molecule-search is 1.4x as slow as before relationship-remediation, within the limit of 1.5x (median 27 ms, was 19 ms; last 20 readings)',
  },
  {
    verdict: compared('slower-pending', 41),
    says: 'molecule-search is 2.2x as slow as before relationship-remediation (median 41 ms, was 19 ms; 34 readings since 02:14:07); not yet enough evidence to be sure',
  },
  {
    verdict: compared('slower', 28.6),
    says: 'molecule-search is 1.51x as slow as before relationship-remediation (median 29 ms, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs)',
  },
  {
    verdict: compared('slower-or-nearly', 41),
    says: 'molecule-search is 2.2x as slow as before relationship-remediation (median 41 ms, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs); it may be as little as 1.4x',
  },
  {
    verdict: performance('slower-or-nearly', { statistic: 'failures', failed: 9 }, { unreached: true }),
    says: 'molecule-search mostly fails, which counts as slower than before relationship-remediation (no median, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs); without the readings that got no connection, it is not surely slower',
  },
  {
    verdict: compared('slower-like-the-controls', 41, { controlsSlower: 1.9 }),
    says: 'molecule-search is 2.2x as slow as before relationship-remediation (median 41 ms, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs); common cause? the control is 1.9x as slow, ratio to control 1.1x',
  },
  {
    verdict: compared('slower-controls-unsure', 41),
    says: 'molecule-search is 2.2x as slow as before relationship-remediation (median 41 ms, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs); unknown whether the control is slower too',
  },
  {
    verdict: compared('recovered', 19),
    says: 'molecule-search answers as fast as before relationship-remediation (median 19 ms, was 19 ms; 34 readings since 02:14:07); it was slower, and is well again',
  },
  {
    verdict: performance('slower', { statistic: 'p95', baseline: millis(30), current: millis(90), ratio: ratio(3) }),
    says: 'molecule-search is 3x as slow in its slowest 5 % as before relationship-remediation (95th percentile 90 ms, was 30 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs)',
  },
  {
    verdict: performance('slower', {
      statistic: 'failures',
      current: millis(19),
      ratio: ratio(1),
      failed: 8,
      readings: 34,
    }),
    says: 'molecule-search has failed in 8 of 34 readings, which counts as slower than before relationship-remediation (median 19 ms, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs)',
  },
  {
    verdict: performance('slower', {}),
    says: 'molecule-search mostly fails, which counts as slower than before relationship-remediation (no median, was 19 ms; 34 readings since 02:14:07; false alarms at most one in 8,700 runs)',
  },
  { verdict: probeVerdict(search, {}, patience), says: 'molecule-search has no reading yet' },
  { verdict: probeVerdict(search, { lastEvidence: since }, patience), says: 'molecule-search answers' },
  {
    verdict: probeVerdict(search, { lastEvidence: since }, patience, undefined, seconds(40)),
    says: 'molecule-search: no evidence for 40 s, so nothing is known',
  },
  { verdict: outage(1, 0), says: 'molecule-search has failed once, at 02:14:07: no answer within 5 s' },
  {
    verdict: outage(62, 61),
    says: 'molecule-search has failed 62 times in a row for 1m 01s since 02:14:07: no answer within 5 s',
  },
  {
    verdict: outage(12, 11, gone, 11),
    says: 'molecule-search has failed 12 times in a row for 11 s since 02:14:07: relation "molecule" does not exist',
  },
  {
    verdict: runtime(schema, 12),
    says: 'schema-standardization has worked 12m of an estimated 30m (0.4x, since 02:14:07)',
  },
  {
    verdict: runtime(schema, 31, 0.4),
    says: 'schema-standardization has worked 31m of an estimated 30m (1.03x, since 02:14:07); at this speed it takes 1h 17m in all',
  },
  { verdict: runtime('run', 61), says: 'the run has worked 1h 01m of an estimated 30m (2.03x, since 02:14:07)' },
  { verdict: checkVerdict(orphanRule, undefined, undefined), says: 'no-orphan-prediction has not run yet' },
  { verdict: check(one), says: 'no-orphan-prediction: 1 row, wanted none: (17) (since 02:14:07)' },
  {
    verdict: check(one, one),
    says: 'no-orphan-prediction: 1 row, wanted none: (17) (known: the baseline shows it too)',
  },
  {
    verdict: check(finding('unknown', 0, { summary: 'could not look: timeout' })),
    says: 'no-orphan-prediction: could not look: timeout',
  },
])('$says', ({ verdict, says }) => {
  expect(verdict.summary).toBe(says);
});

describe('a breach carries what it takes to recompute it', () => {
  test.each<{ readonly verdict: Verdict; readonly facts: Verdict['facts'] }>([
    {
      verdict: compared('slower', 41),
      facts: {
        rule: 'slower_than: 50%',
        was: '19 ms',
        is: '41 ms',
        ratio: 2.158,
        readings: 34,
        since,
        falseAlarms: 'at most one in 8,700 runs',
      },
    },
    {
      verdict: outage(62, 61),
      facts: { rule: 'broken_for: 1m', was: '0 of 300 readings failed', is: 'timeout', readings: 62, since },
    },
    {
      verdict: outage(12, 11, gone, 11),
      facts: { rule: 'undefined_for: 10 s', was: '0 of 300 readings failed', is: 'query 42P01', readings: 12, since },
    },
    { verdict: runtime(schema, 61), facts: { rule: 'longer_than: 2x', was: '30m', is: '1h 01m', ratio: 2.033, since } },
    {
      verdict: check(one, finding('ok', 0, { summary: 'no rows, as wanted' })),
      facts: { rule: 'expect: no rows', was: 'no rows, as wanted', is: '1 row, wanted none: (17)', since },
    },
    {
      verdict: check({ ...one, at: instant(since + 60_001) }, undefined, {
        ...orphanRule,
        criterion: 'functionality',
        expect: { value: 0 },
        brokenFor: seconds(60),
      }),
      facts: { rule: 'expect: {"value":0}, broken_for: 1m', is: '1 row, wanted none: (17)', since },
    },
  ])('$verdict.criterion: $facts.rule', ({ verdict, facts }) => {
    expect(verdict.status).toBe('breach');
    expect(verdict.facts).toEqual(facts);
  });
});

test.each([
  { value: 2.14, limit: 1.5, says: '2.1x' },
  { value: 1.5, limit: 1.5, says: '1.5x' },
  { value: 1.5004, limit: 1.5, says: '1.5004x' },
  { value: 1.504, limit: 1.5, says: '1.504x' },
  { value: 1.46, limit: 1.5, says: '1.5x' },
  { value: 2.001, limit: 2, says: '2.001x' },
  { value: 450.04, limit: 1.5, says: '450x' },
])('$value against a limit of $limit is said as $says', ({ value, limit, says }) => {
  expect(sayRatio(value, limit)).toBe(says);
});

test.each([
  { state: 'as-before', status: 'ok', warning: false },
  { state: 'slower-pending', status: 'ok', warning: true },
  { state: 'recovered', status: 'ok', warning: true },
  { state: 'slower', status: 'breach', warning: false, mayAct: true },
  { state: 'slower-or-nearly', status: 'breach', warning: false, mayAct: false },
  { state: 'slower-like-the-controls', status: 'breach', warning: false, mayAct: false },
  { state: 'slower-controls-unsure', status: 'breach', warning: false, mayAct: false },
] as const)('$state is $status, a warning: $warning', ({ state, status, warning, ...more }) => {
  const verdict = compared(state, 41);
  expect(verdict).toMatchObject({ because: state, status, warning });
  if (status === 'breach') expect(verdict.onlyRecommend === undefined).toBe('mayAct' in more && more.mayAct);
});

test.each([
  { probability: 1 / 8_760, says: 'one in 8,700 runs' },
  { probability: 1 / 2_190, says: 'one in 2,100 runs' },
  { probability: 0.5, says: 'one in 2 runs' },
  { probability: 1 / 1_234_567, says: 'one in 1,200,000 runs' },
])('a probability of $probability is said as $says', ({ probability, says }) => {
  expect(sayOneIn(probability)).toBe(says);
});

test('a criterion is as bad as its worst verdict, and absent when nobody asked', () => {
  const verdicts = [slow('ok'), slow('unknown'), broken('unknown'), broken('error'), broken('breach'), broken('ok')];
  expect([...byCriterion(verdicts)]).toEqual([
    ['integrity', 'breach'],
    ['performance', 'unknown'],
  ]);
});
