import { describe, expect, test } from 'vitest';

import { type Finding, type Status, statuses } from '../../../src/core/evidence/finding.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import type { Expectation } from '../../../src/core/plan/questions.ts';
import { type CheckHistory, type CheckRule, checkVerdict, noteFinding } from '../../../src/core/verdicts/checks.ts';
import { at, finding, manyRows, orphans, withRows } from '../../support/builders.ts';

const rule = (more: Partial<CheckRule> = {}): CheckRule => ({
  check: orphans,
  criterion: 'integrity',
  expect: 'no rows',
  brokenFor: seconds(60),
  ...more,
});
const historyOf = (findings: readonly Finding[]): CheckHistory | undefined =>
  findings.reduce<CheckHistory | undefined>(noteFinding, undefined);
const judged = (findings: readonly Finding[], inBaseline?: Finding, more?: Partial<CheckRule>) =>
  checkVerdict(rule(more), historyOf(findings), inBaseline);

describe('integrity and security veto at once, functionality after a while', () => {
  test.each([
    { criterion: 'integrity', findings: [finding('breach')], status: 'breach' },
    { criterion: 'security', findings: [finding('breach')], status: 'breach' },
    { criterion: 'functionality', findings: [finding('breach')], status: 'ok' },
    { criterion: 'functionality', findings: [finding('breach'), finding('breach', 60)], status: 'ok' },
    { criterion: 'functionality', findings: [finding('breach'), finding('breach', 61)], status: 'breach' },
    {
      criterion: 'functionality',
      findings: [finding('breach'), finding('ok', 30), finding('breach', 61)],
      status: 'ok',
    },
    {
      criterion: 'functionality',
      findings: [finding('breach'), finding('unknown', 30), finding('breach', 61)],
      status: 'breach',
    },
  ] as const)('$criterion, found $findings.length times: $status', ({ criterion, findings, status }) => {
    const verdict = judged(findings, undefined, { criterion });
    expect(verdict).toMatchObject({ criterion, status, warning: status === 'ok' });
  });
});

describe('an unknown finding', () => {
  test.each([
    { findings: [], status: 'unknown', because: 'never-asked' },
    { findings: [finding('unknown')], status: 'unknown', because: 'could-not-look' },
    { findings: [finding('error')], status: 'error', because: 'check-is-broken' },
    { findings: [finding('breach'), finding('unknown', 9)], status: 'unknown', because: 'could-not-look' },
    { findings: [finding('ok'), finding('error', 9)], status: 'error', because: 'check-is-broken' },
    { findings: [finding('unknown'), finding('ok', 9)], status: 'ok', because: 'well' },
  ])('$because is $status', ({ findings, status, because }) => {
    expect(judged(findings)).toMatchObject({ status, because, warning: false });
  });

  test('a breach in the baseline does not make an unknown finding well', () => {
    const never = statuses.filter((status) => status !== 'ok' && status !== 'breach');
    for (const status of never) expect(judged([finding(status)], finding('breach')).status).toBe(status);
  });

  test.each<{ readonly then: readonly Status[]; readonly since: number | undefined }>([
    { then: ['breach', 'breach'], since: 0 },
    { then: ['breach', 'unknown', 'error', 'breach'], since: 0 },
    { then: ['breach', 'unknown'], since: 0 },
    { then: ['breach', 'ok', 'breach'], since: 2 },
    { then: ['unknown', 'breach'], since: 1 },
    { then: ['breach', 'ok', 'unknown'], since: undefined },
  ])('after $then it is a breach since second $since', ({ then, since }) => {
    const history = historyOf(then.map((status, second) => finding(status, second)));
    expect(history?.breachSince).toBe(since === undefined ? undefined : at(since));
  });
});

describe('faults in the baseline are known, new ones are not', () => {
  const breach = (...cells: readonly string[]) => finding('breach', 0, withRows(...cells));
  const rows = (...names: readonly string[]): Partial<Finding> => manyRows(names.map((name) => [name]));
  const numbered = (count: number, first: string) => Array.from({ length: count }, (_, index) => `${first}${index}`);
  const many = (count: number, first: string) => finding('breach', 0, rows(...numbered(count, first)));
  test.each<{
    readonly when: string;
    readonly before: Finding;
    readonly now: Finding;
    readonly expect?: Expectation;
    readonly status: Status;
  }>([
    { when: 'the baseline was well', before: finding('ok'), now: breach('17'), status: 'breach' },
    { when: 'the baseline could not look', before: finding('unknown'), now: breach('17'), status: 'breach' },
    { when: 'the same row is there', before: breach('17'), now: breach('17'), status: 'ok' },
    { when: 'one of two rows is left', before: breach('17', '18'), now: breach('18'), status: 'ok' },
    { when: 'another row is there', before: breach('17'), now: breach('18'), status: 'breach' },
    { when: 'one more row is there', before: breach('17'), now: breach('17', '18'), status: 'breach' },
    { when: 'thousands are there', before: breach('17'), now: many(5_000, 'x'), status: 'breach' },
    { when: 'many, and each was there', before: many(90, 'x'), now: many(80, 'x'), status: 'ok' },
    { when: 'many, and fewer others than before', before: many(90, 'x'), now: many(80, 'y'), status: 'breach' },
    {
      when: 'one of many has given way to another',
      before: many(25, 'x'),
      now: finding('breach', 0, rows(...numbered(24, 'x'), 'new')),
      status: 'breach',
    },
    {
      when: 'one of many is there twice',
      before: many(25, 'x'),
      now: finding('breach', 0, rows(...numbered(24, 'x'), 'x0')),
      status: 'breach',
    },
    { when: 'many, and more than before', before: many(90, 'x'), now: many(91, 'x'), status: 'breach' },
    { when: 'the number is the same', before: breach('3'), now: breach('3'), expect: { value: 0 }, status: 'ok' },
    { when: 'the number is nearer', before: breach('3'), now: breach('2'), expect: { value: '0' }, status: 'ok' },
    {
      when: 'the number is further off',
      before: breach('3'),
      now: breach('4'),
      expect: { value: 0 },
      status: 'breach',
    },
    {
      when: 'it is as far off on the other side',
      before: breach('90'),
      now: breach('110'),
      expect: { value: 100 },
      status: 'breach',
    },
    {
      when: 'it misses more of a hundred',
      before: breach('90'),
      now: breach('80'),
      expect: { value: 100 },
      status: 'breach',
    },
    {
      when: 'it is another wrong word',
      before: breach('on'),
      now: breach('half'),
      expect: { value: 'off' },
      status: 'breach',
    },
    {
      when: 'it is the same wrong word',
      before: breach('on'),
      now: breach('on'),
      expect: { value: 'off' },
      status: 'ok',
    },
    {
      when: 'fewer of the wanted rows are left',
      before: breach('a'),
      now: breach(),
      expect: { rows: [['a'], ['b']] },
      status: 'breach',
    },
    { when: 'there are still no rows', before: breach(), now: breach(), expect: 'some rows', status: 'ok' },
  ])('$when: $status', ({ before, now, expect: wanted = 'no rows', status }) => {
    expect(judged([now], before, { expect: wanted })).toMatchObject({
      status,
      because: status === 'ok' ? 'known' : 'breach',
      warning: false,
    });
  });
});

describe('rows without hashes are compared only as far as they are known', () => {
  const kept = (count: number, name: string, more: Partial<Finding> = {}): Finding =>
    finding('breach', 0, {
      rows: Array.from({ length: Math.min(count, 20) }, (_, index) => [`${name}${index}`]),
      ...(count <= 10_000 && { rowCount: count, fingerprint: `${count} of ${name}` }),
      ...more,
    });
  const cut = kept(10_001, 'x');
  const hashed = (count: number) =>
    finding('breach', 0, manyRows(Array.from({ length: count }, (_, index) => [`x${index}`])));
  test.each([
    { when: 'an older baseline has the same answer', before: kept(25, 'x'), now: kept(25, 'x'), status: 'ok' },
    { when: 'an older baseline has as many rows', before: kept(25, 'x'), now: kept(25, 'y'), status: 'unknown' },
    { when: 'an older baseline has more rows', before: kept(25, 'x'), now: hashed(24), status: 'unknown' },
    { when: 'an older baseline has fewer rows', before: kept(25, 'x'), now: hashed(26), status: 'breach' },
    { when: 'the baseline was cut', before: cut, now: hashed(30), status: 'unknown' },
    { when: 'both were cut', before: cut, now: cut, status: 'unknown' },
    { when: 'the answer is cut and the baseline was not', before: kept(9_000, 'x'), now: cut, status: 'breach' },
    {
      when: 'a restart left its first rows, which are known',
      before: hashed(25),
      now: kept(24, 'x'),
      status: 'unknown',
    },
    { when: 'a restart left its first rows, which are new', before: hashed(25), now: kept(24, 'y'), status: 'breach' },
    {
      when: 'a cell is so long that it may have been cut',
      before: kept(1, 'x'.repeat(1_000)),
      now: kept(1, 'x'.repeat(1_000), { fingerprint: 'another' }),
      status: 'unknown',
    },
  ] as const)('$when: $status', ({ before, now, status }) => {
    const verdict = judged([now], before);
    expect(verdict.status).toBe(status);
    if (status === 'unknown') {
      expect(verdict.because).toBe('could-not-look');
      expect(verdict.summary).toContain('whether the baseline shows the same rows is unknown');
    }
  });
});
