import { describe, expect, test } from 'vitest';

import { slower } from '../../../bench/detection/laws/effects.ts';
import { idOf, overview } from '../../../bench/detection/cases.ts';
import { type CaseResult, type Results, sayJson } from '../../../bench/detection/results.ts';
import { defaults } from '../../../bench/detection/rule.ts';
import { sayDelay, sayNumber, table } from '../../../bench/detection/tables/markdown.ts';
import { overviewTable } from '../../../bench/detection/tables/overview.ts';
import { pool, weekly } from '../../../bench/detection/tables/pooled.ts';
import { fillIn } from '../../../bench/detection/tables/tables.ts';

const caseOf = (law: string, factor: number, figures: CaseResult['figures'][number]): CaseResult => ({
  id: idOf(law, slower(factor), overview),
  law,
  effect: slower(factor),
  ...overview,
  isLate: factor > 1.5,
  after: 3_600,
  watches: figures.watches,
  asks: 'everyone',
  figures: [figures],
});

const results: Results = {
  seed: 'test',
  watches: 100,
  wanted: defaults,
  optimum: [
    { sigma: 0.3, slowdown: 2, limit: 1.5, knownTime: { median: 18, p95: 36 }, unknownTime: { median: 31, p95: 55 } },
  ],
  cases: [
    caseOf('lognormal-0.3', 1, { rule: 'gatus', watches: 100, early: 0, alarms: 0 }),
    caseOf('gamma-4', 1, { rule: 'gatus', watches: 100, early: 0, alarms: 50 }),
    caseOf('lognormal-0.3', 2, { rule: 'gatus', watches: 40, early: 0, alarms: 38, median: 62 }),
  ],
};

test.each([
  { value: 0, said: '0' },
  { value: 0.0421, said: '0.042' },
  { value: 9.94, said: '9.9' },
  { value: 9.97, said: '10' },
  { value: 117.6, said: '118' },
])('$value is said as $said', ({ value, said }) => {
  expect(sayNumber(value)).toBe(said);
});

test.each([
  { figures: undefined, said: '–' },
  { figures: { rule: 'a', watches: 10, early: 0, alarms: 10, median: 3, p95: 9 }, said: '3 / 9' },
  { figures: { rule: 'a', watches: 10, early: 0, alarms: 9, median: 3 }, said: '3 / –, 10 % missed' },
  { figures: { rule: 'a', watches: 10, early: 2, alarms: 2 }, said: '75 % missed' },
])('a delay is said as "$said"', ({ figures, said }) => {
  expect(sayDelay(figures)).toBe(said);
});

describe('laws are pooled', () => {
  const pooled = pool(results, ['lognormal-0.3', 'gamma-4', 'bimodal'], slower(1), overview, 'gatus');

  test('those that were run, with the worst by name', () => {
    expect(pooled).toMatchObject({ share: 0.25, watches: 200, worst: { law: 'gamma-4', share: 0.5 } });
  });

  test('a quarter of the hours is 42 a week', () => {
    expect(pooled && weekly(pooled).rate).toBe(42);
  });

  test('of nothing there is nothing to say', () => {
    expect(pool(results, ['bimodal'], slower(1), overview, 'gatus')).toBeUndefined();
  });
});

test('the overview has a row for each rule that was run, and says what was not', () => {
  const [, , row, ...rest] = overviewTable(results).split('\n');
  expect(rest).toEqual([]);
  expect(row?.split('|').map((cell) => cell.trim())).toEqual([
    '',
    'Gatus, 3 in a row',
    '42 (< 51)',
    '84, gamma-4',
    '–',
    '–',
    '–',
    '62 / –, 5 % missed',
    '–',
    '2x',
    '',
  ]);
});

test('columns are aligned as the formatter has them', () => {
  expect(table(['a', 'long head'], [['long cell', 'b']])).toBe(
    ['| a         | long head |', '| --------- | --------- |', '| long cell | b         |'].join('\n'),
  );
});

test('tables are put in their places, and a place without an end is a fault', () => {
  const filled = fillIn('a\n\n<!-- table overview -->\n\nold\n\n<!-- end of table -->\n\nb\n', results);
  expect(filled).toMatch(/^a\n\n<!-- table overview -->\n\n\| rule .*\n\n<!-- end of table -->\n\nb\n$/s);
  expect(fillIn(filled, results)).toBe(filled);
  expect(() => fillIn('<!-- table overview -->\n', results)).toThrow('has no "<!-- end of table -->" after it');
});

test('JSON comes back as it was, a line for what holds nothing further', () => {
  expect(JSON.parse(sayJson(results))).toEqual(results);
  expect(sayJson({ a: 1, b: [{ c: 'd' }, { c: 'e' }] })).toBe(
    '{\n  "a": 1,\n  "b": [\n    { "c": "d" },\n    { "c": "e" }\n  ]\n}',
  );
});
