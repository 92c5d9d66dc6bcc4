import { describe, expect, test } from 'vitest';

import type { Reading } from '../../../src/core/evidence/reading.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { type Health, noteHealth, probeVerdict } from '../../../src/core/verdicts/functionality.ts';
import { limitsFor } from '../../../src/core/verdicts/limits.ts';
import {
  aPlan,
  answered,
  at,
  failed,
  longEnough,
  migration,
  missing,
  search,
  unreached,
} from '../../support/builders.ts';

const patience = { brokenFor: seconds(60), undefinedFor: seconds(10) };
const healthOf = (readings: readonly Reading[]): Health =>
  readings.reduce<Health>((health, reading) => noteHealth(health, reading, longEnough), {});
const judged = (readings: readonly Reading[]) => probeVerdict(search, healthOf(readings), patience);

const from = (first: number, last: number, code?: string, step = 1): readonly Reading[] =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => failed(first + index * step, code));
const gone = '42P01';

describe('a probe is a breach if it is broken for strictly longer than allowed', () => {
  test.each([
    { when: 'nothing was read yet', readings: [], status: 'unknown', because: 'never-asked' },
    {
      when: 'only missing readings came',
      readings: [missing(0), missing(1)],
      status: 'unknown',
      because: 'never-asked',
    },
    { when: 'it answers', readings: [answered(0, 4)], status: 'ok', because: 'answers' },
    { when: 'it failed once', readings: [failed(0)], status: 'ok', because: 'broken-pending' },
    { when: 'it failed for exactly 60 s', readings: from(0, 60), status: 'ok', because: 'broken-pending' },
    { when: 'it failed for 61 s', readings: from(0, 61), status: 'breach', because: 'broken' },
    {
      when: 'one answer came between',
      readings: [...from(0, 50), answered(51, 4), ...from(52, 100)],
      status: 'ok',
      because: 'broken-pending',
    },
    { when: 'it answers again', readings: [...from(0, 90), answered(91, 4)], status: 'ok', because: 'answers' },
    {
      when: 'its relation was gone for exactly 10 s',
      readings: from(0, 10, gone),
      status: 'ok',
      because: 'broken-pending',
    },
    { when: 'its relation was gone for 11 s', readings: from(0, 11, gone), status: 'breach', because: 'broken' },
    {
      when: 'its relation is gone since 5 s only',
      readings: [...from(0, 20), ...from(21, 26, '42703')],
      status: 'ok',
      because: 'broken-pending',
    },
    {
      when: 'a failure of another kind came between',
      readings: [...from(0, 8, gone), failed(9), ...from(10, 20, gone)],
      status: 'ok',
      because: 'broken-pending',
    },
    {
      when: 'the guard itself was not permitted to look for 20 s',
      readings: from(0, 20, '42501'),
      status: 'ok',
      because: 'broken-pending',
    },
    { when: 'the server is down for 20 s', readings: from(0, 20, '57P01'), status: 'ok', because: 'broken-pending' },
  ])('$when: $because', ({ readings, status, because }) => {
    expect(judged(readings)).toMatchObject({ status, because, warning: because === 'broken-pending' });
  });
});

describe('people judge a breach that consists of failed connections', () => {
  const refused = (first: number, last: number): readonly Reading[] =>
    Array.from({ length: last - first + 1 }, (_, index) => unreached(first + index));
  const doubt = 'nothing responds, and undoing a phase may not fix that';
  test.each([
    { when: 'nothing was reached', readings: refused(0, 61), onlyRecommend: doubt },
    { when: 'the last failure is a timeout', readings: [...refused(0, 60), failed(61)], onlyRecommend: doubt },
    { when: 'it was reached for most of it', readings: [...from(0, 59), ...refused(60, 90)], onlyRecommend: doubt },
    {
      when: 'every second reading was reached, and both kinds fail',
      readings: refused(0, 100).map((reading, second) => (second % 2 === 0 ? reading : failed(second))),
      onlyRecommend: doubt,
    },
    {
      when: 'every second reading was reached, for long enough',
      readings: refused(0, 123).map((reading, second) => (second % 2 === 0 ? reading : failed(second))),
      onlyRecommend: undefined,
    },
    { when: 'it was reached each time', readings: from(0, 61), onlyRecommend: undefined },
    {
      when: 'its relation was gone after a restart',
      readings: [...refused(0, 20), ...from(21, 32, gone)],
      onlyRecommend: undefined,
    },
  ])('$when', ({ readings, onlyRecommend }) => {
    const verdict = judged(readings);
    expect(verdict.status).toBe('breach');
    expect(verdict.onlyRecommend).toBe(onlyRecommend);
  });
});

describe('missing readings neither end nor lengthen an outage', () => {
  test.each([
    { when: 'missing ones follow', readings: [...from(0, 55), missing(61), missing(300)], seen: 55 },
    {
      when: 'a missing one lies between, asked while the one before was under way',
      readings: from(0, 55, undefined, 5),
      seen: 55,
    },
    { when: 'the guard was blind for ten minutes', readings: [...from(0, 30), ...from(630, 650)], seen: 50 },
    { when: 'the guard was down, and wrote no missing readings', readings: [failed(0), failed(3_600)], seen: 0 },
  ])('$when', ({ readings, seen }) => {
    expect(healthOf(readings).outage).toMatchObject({ seen: seconds(seen), since: at(0) });
    expect(judged(readings)).toMatchObject({ because: 'broken-pending' });
  });

  test('every failure counts until an answer arrives', () => {
    expect(healthOf([...from(0, 4), missing(5), ...from(6, 7)]).outage).toMatchObject({ failures: 7, since: at(0) });
    expect(healthOf([...from(0, 4), answered(5, 4), failed(6)]).outage).toMatchObject({ failures: 1, since: at(6) });
  });

  test('an outage continues after a time in which the guard was blind', () => {
    expect(judged([...from(0, 50), ...from(650, 661)])).toMatchObject({ because: 'broken' });
  });

  test('repeated and late readings change nothing', () => {
    const health = healthOf(from(0, 20));
    expect(healthOf([...from(0, 20), answered(20, 4), answered(7, 4), failed(3)])).toEqual(health);
  });
});

describe('while the guard is blind, the verdict is unknown, but a breach remains', () => {
  const blind = { criterion: 'functionality', status: 'unknown', because: 'could-not-look', warning: false };
  test.each([
    { when: 'it answered last', readings: [answered(0, 4)], verdict: blind },
    { when: 'it had failed once', readings: [failed(0)], verdict: blind },
    { when: 'it was broken', readings: from(0, 61), verdict: { status: 'breach', because: 'broken' } },
    { when: 'nothing was ever read', readings: [], verdict: { status: 'unknown', because: 'never-asked' } },
  ])('$when', ({ readings, verdict }) => {
    expect(probeVerdict(search, healthOf(readings), patience, undefined, seconds(40))).toMatchObject(verdict);
  });
});

describe('the tolerance during a phase that declares a downtime', () => {
  const plan = aPlan();
  const phase = plan.phases.find(({ id }) => id === migration);
  test.each([
    { when: 'no phase runs', running: undefined, brokenFor: 60, undefinedFor: 10, limit: 1.5 },
    { when: 'the phase runs', running: phase, brokenFor: 180, undefinedFor: 180, limit: 1.8 },
    {
      when: 'a phase that declares nothing runs',
      running: plan.phases[0],
      brokenFor: 60,
      undefinedFor: 10,
      limit: 1.5,
    },
  ])('$when', ({ running, brokenFor, undefinedFor, limit }) => {
    const limits = limitsFor(plan, running);
    expect(limits.patience).toEqual({ brokenFor: seconds(brokenFor), undefinedFor: seconds(undefinedFor) });
    expect(limits.slowness({})).toMatchObject({ limit, ignoreStallsUnder: limit === 1.8 ? seconds(180) : seconds(10) });
  });

  test('a shorter downtime or a narrower limit changes nothing', () => {
    const strict = { id: 'quick', estimate: '1m', rollback: 'restore', effects: { downtime: '1s', slower_than: '5%' } };
    const { phases, ...more } = { ...aPlan(), phases: aPlan({ phases: [strict], pre_approvals: [] }).phases };
    const limits = limitsFor({ ...more, phases }, phases[0]);
    expect(limits.patience).toEqual({ brokenFor: seconds(60), undefinedFor: seconds(10) });
    expect(limits.slowness({})).toEqual({ limit: 1.5, guard: 1.4, ignoreStallsUnder: seconds(10) });
  });
});
