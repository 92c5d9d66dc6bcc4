import { describe, expect, test } from 'vitest';

import type { Reading } from '../../../src/core/evidence/reading.ts';
import type { CheckId, ProbeId } from '../../../src/core/kernel/ids.ts';
import { probeId } from '../../../src/core/kernel/ids.ts';
import { type Instant, millis, minutes } from '../../../src/core/kernel/units.ts';
import type { CheckHistory } from '../../../src/core/verdicts/checks.ts';
import { scalesFor } from '../../../src/core/detection/scales.ts';
import { blindSources, type Evidence, judge } from '../../../src/core/verdicts/judge.ts';
import { limitsFor } from '../../../src/core/verdicts/limits.ts';
import { freshEvidence, type ProbeEvidence, takeIn } from '../../../src/core/verdicts/probe-evidence.ts';
import { keyOf } from '../../../src/core/verdicts/verdict.ts';
import {
  aBaseline,
  answered,
  aPlan,
  at,
  failed,
  unreached,
  finding,
  missing,
  orphans,
  schema,
  search,
  start,
} from '../../support/builders.ts';

const plan = aPlan();
const limits = limitsFor(plan, undefined);
const control = probeId('control');

const scales = (of: ProbeId) => {
  const planned = plan.probes.find(({ id }) => probeId(id) === of);
  return planned?.control === false ? scalesFor(plan, planned, aBaseline(), limits.slowness(planned)) : undefined;
};
const seen = (readings: readonly Reading[], probe: ProbeId = search): ProbeEvidence =>
  readings.reduce<ProbeEvidence>(
    (so, reading) => takeIn(so, { ...reading, probe }, limits, () => scales(probe), undefined),
    freshEvidence(start),
  );
const blindIn = (of: typeof plan, probes: Evidence['probes'], since: Instant, now: Instant) =>
  blindSources(of, { probes, checks: new Map() }, new Map(), since, now);
const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  baseline: aBaseline(),
  probes: new Map([[search, seen(slowly(40))]]),
  checks: new Map<CheckId, CheckHistory>(),
  catalogue: [],
  clocks: [],
  comparedWith: 'in the baseline',
  ...more,
});
const slowly = (count: number) => Array.from({ length: count }, (_, second) => answered(second, 41));

test('there is one verdict per probe, check and clock of the plan, in its order, and none is well without evidence', () => {
  const clock = { estimate: minutes(30), startedAt: start, heldFor: millis(0) };
  const clocks = [
    { subject: schema, clock },
    { subject: 'run', clock },
  ];
  const verdicts = judge(plan, evidence({ probes: new Map(), clocks }), limits, at(5));
  expect(verdicts.map((verdict) => [keyOf(verdict), verdict.status])).toEqual([
    ['functionality:molecule-search', 'unknown'],
    ['performance:molecule-search', 'unknown'],
    ['functionality:control', 'unknown'],
    ['integrity:no-orphan-prediction', 'unknown'],
    ['runtime:schema-standardization', 'ok'],
    ['runtime:run', 'ok'],
  ]);
});

test.each([
  { when: 'a probe is slow', more: {}, breaches: ['performance:molecule-search'] },
  { when: 'there is no baseline', more: { baseline: undefined }, breaches: [] },
  {
    when: 'the control probe is slow',
    more: { probes: new Map([[control, seen(slowly(40), control)]]) },
    breaches: [],
  },
  {
    when: 'the control probe fails',
    more: {
      probes: new Map([
        [
          control,
          seen(
            Array.from({ length: 70 }, (_, second) => failed(second)),
            control,
          ),
        ],
      ]),
    },
    breaches: ['functionality:control'],
  },
  {
    when: 'a check finds what the baseline did not show',
    more: { checks: new Map([[orphans, { finding: finding('breach') }]]), probes: new Map() },
    breaches: ['integrity:no-orphan-prediction'],
  },
  {
    when: 'a check finds what the baseline shows too',
    more: {
      checks: new Map([[orphans, { finding: finding('breach', 9, { fingerprint: 'f' }) }]]),
      probes: new Map(),
      baseline: aBaseline({ findings: [finding('breach', 0, { fingerprint: 'f' })] }),
    },
    breaches: [],
  },
])('when $when, the breaches are $breaches', ({ more, breaches }) => {
  const verdicts = judge(plan, evidence(more), limits, at(60));
  expect(verdicts.filter(({ status }) => status === 'breach').map(keyOf)).toEqual(breaches);
});

test('a target that cannot be reached is a breach of every kind that people judge', () => {
  const down = seen(Array.from({ length: 70 }, (_, second) => unreached(second)));
  const verdicts = judge(plan, evidence({ probes: new Map([[search, down]]) }), limits, at(70));
  const breaches = verdicts.filter(({ status }) => status === 'breach');
  expect(breaches.map((verdict) => [keyOf(verdict), verdict.onlyRecommend])).toEqual([
    ['functionality:molecule-search', 'nothing responds, and undoing a phase may not fix that'],
    ['performance:molecule-search', 'some readings got no connection, and undoing a phase may not fix that'],
  ]);
});

describe('an alarm remains until readings show a recovery', () => {
  const alarmed = judge(plan, evidence(), limits, at(40)).find(({ criterion }) => criterion === 'performance')!;
  const activeAlarm = () => ({ alarm: 'slower', at: at(40), verdict: alarmed }) as const;
  test.each([
    { when: 'a restart has not read anything yet', probes: new Map() },
    { when: 'readings are missing only', probes: new Map([[search, seen([missing(50), missing(51)])]]) },
  ])('also when $when', ({ probes }) => {
    expect(alarmed.status).toBe('breach');
    const verdicts = judge(plan, evidence({ probes, activeAlarm }), limits, at(52));
    expect(verdicts.find(({ criterion }) => criterion === 'performance')).toEqual(alarmed);
  });
});

test('a marker restarts the measurement of slowness, and a broken probe stays broken', () => {
  const broken = seen(Array.from({ length: 30 }, (_, second) => failed(second)));
  const fresh = freshEvidence(at(30), broken);
  expect(fresh).toEqual({ marker: at(30), health: broken.health });
});

describe('the guard is blind if a probe gave no evidence for longer than two consecutive queries can take', () => {
  // every 1 s, timeout 5 s: twelve seconds
  test.each([
    { when: 'nothing was read for exactly 12 s', readings: [], now: 12, blind: false },
    { when: 'nothing was read for longer', readings: [], now: 12.001, blind: true },
    { when: 'it answered', readings: [answered(1, 4)], now: 13, blind: false },
    { when: 'it failed, which is evidence', readings: [failed(1)], now: 13, blind: false },
    { when: 'readings were missing only', readings: [missing(7), missing(8)], now: 13, blind: true },
    { when: 'the last evidence is old', readings: [answered(1, 4)], now: 13.001, blind: true },
    // Asked at 1 s, given up at 6 s, and asked again at 7 s: the next answer may be due until 12 s.
    { when: 'each question times out', readings: [failed(1), ...[2, 3, 4, 5, 6].map(missing)], now: 12, blind: false },
  ])('$when: $blind', ({ readings, now, blind }) => {
    const probes = new Map([
      [search, seen(readings)],
      [control, seen([answered(now - 1, 1)], control)],
    ]);
    expect(blindIn(plan, probes, start, at(now))).toEqual(blind ? [search] : []);
    const verdicts = judge(plan, evidence({ probes }), limits, at(now));
    expect(verdicts.find(({ subject }) => subject === search)?.because === 'answers').toBe(
      !blind && seen(readings).health.outage === undefined && readings.length > 0,
    );
  });

  test('the verdict of a probe without recent evidence is unknown', () => {
    const worksAt = (now: number) => judge(plan, evidence(), limits, at(now))[0];
    expect(worksAt(51)).toMatchObject({ status: 'ok', because: 'answers' });
    expect(worksAt(51.001)).toMatchObject({ criterion: 'functionality', status: 'unknown', because: 'could-not-look' });
  });

  test('a daemon that has just started is not blind yet', () => {
    expect(blindIn(plan, new Map(), at(3_600), at(3_605))).toEqual([]);
  });
});

describe('a probe of statements can confirm a slowdown but not rule one out', () => {
  const app = probeId('app');
  const both = aPlan({
    probes: [
      { id: search, sql: 'select 1' },
      { id: 'app', statements: {}, every: '10s' },
    ],
  });
  const baseline = aBaseline({ probes: [...aBaseline().probes, { ...aBaseline().probes[0]!, probe: app }] });
  const rules = limitsFor(both, undefined);
  const scalesOf = () => scalesFor(both, both.probes[1]!, baseline, rules.slowness({}));
  const shown = (readings: readonly Reading[]) => {
    const fold = (so: ProbeEvidence, reading: Reading) =>
      takeIn(so, { ...reading, probe: app }, rules, scalesOf, undefined);
    const probes = new Map([[app, readings.reduce(fold, freshEvidence(start))]]);
    const verdicts = judge(both, evidence({ baseline, probes }), rules, at(600));
    return {
      verdicts: verdicts.filter(({ subject }) => subject === 'app').map((verdict) => [keyOf(verdict), verdict.status]),
      blind: blindIn(both, probes, start, at(600)),
    };
  };
  test.each([
    { when: 'it says nothing', readings: [missing(1)], verdicts: [] },
    { when: 'it is slow', readings: slowly(60), verdicts: [['performance:app', 'breach']] },
  ])('when $when, its verdicts are $verdicts, and the guard is not blind for it', ({ readings, verdicts }) => {
    expect(shown(readings)).toEqual({ verdicts, blind: [search] });
  });
});
