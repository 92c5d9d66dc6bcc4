import { expect, test } from 'vitest';

import { evidenceOf, fingerprintOf, mostRows, type Row, sayRow } from '../../../src/core/evidence/answer.ts';
import type { Finding } from '../../../src/core/evidence/finding.ts';
import { judgeRows } from '../../../src/core/evidence/judge-rows.ts';
import { checkId } from '../../../src/core/kernel/ids.ts';
import { instant, millis } from '../../../src/core/kernel/units.ts';
import type { Expectation } from '../../../src/core/plan/questions.ts';

const answer = (rows: readonly Row[], fields = (rows[0] ?? ['a']).map((_, place) => `column${place}`)) => ({
  rows,
  fields,
});
const frozen = (rows: readonly Row[]): Finding => ({
  check: checkId('one'),
  status: 'unknown',
  at: instant(0),
  took: millis(1),
  summary: '',
  rows: evidenceOf(rows),
  rowCount: rows.length,
  fingerprint: fingerprintOf(answer(rows)),
});
const numbers = (count: number): readonly Row[] => Array.from({ length: count }, (_, place) => [String(place)]);

test.each<{ expect: Expectation; rows: readonly Row[]; status: string; summary: string }>([
  { expect: 'no rows', rows: [], status: 'ok', summary: 'no rows, as wanted' },
  { expect: 'no rows', rows: [['17', null]], status: 'breach', summary: '1 row, wanted none: (17, null)' },
  { expect: 'no rows', rows: numbers(4), status: 'breach', summary: '4 rows, wanted none: (0), (1), (2), …' },
  {
    expect: 'no rows',
    rows: numbers(mostRows + 1),
    status: 'breach',
    summary: 'more than 10,000 rows, wanted none: (0), (1), (2), …',
  },
  { expect: 'some rows', rows: [['1']], status: 'ok', summary: '1 row, as wanted' },
  { expect: 'some rows', rows: numbers(1_234), status: 'ok', summary: '1,234 rows, as wanted' },
  { expect: 'some rows', rows: [], status: 'breach', summary: 'no rows, wanted some' },
  { expect: { value: 0 }, rows: [['0']], status: 'ok', summary: '0, as wanted' },
  { expect: { value: '0' }, rows: [['0']], status: 'ok', summary: '0, as wanted' },
  { expect: { value: true }, rows: [['t']], status: 'ok', summary: 't, as wanted' },
  { expect: { value: false }, rows: [['t']], status: 'breach', summary: 't, wanted f' },
  { expect: { value: null }, rows: [[null]], status: 'ok', summary: 'null, as wanted' },
  { expect: { value: 'null' }, rows: [[null]], status: 'breach', summary: 'null, wanted null' },
  { expect: { value: 0 }, rows: [['3', 'mixture']], status: 'breach', summary: '(3, mixture), wanted 0' },
  {
    expect: { value: 0 },
    rows: [],
    status: 'error',
    summary: 'the check itself is broken: it gives no rows of 1 column, wanted one row with a value',
  },
  {
    expect: { value: 0 },
    rows: [['0'], ['0']],
    status: 'error',
    summary: 'the check itself is broken: it gives 2 rows of 1 column, wanted one row with a value',
  },
  {
    expect: { value: 0 },
    rows: [[]],
    status: 'error',
    summary: 'the check itself is broken: it gives 1 row of no columns, wanted one row with a value',
  },
  { expect: { rows: [] }, rows: [], status: 'ok', summary: 'no rows, as wanted' },
  { expect: { rows: [] }, rows: [['1', '2']], status: 'breach', summary: '1 row, wanted none: not wanted (1, 2)' },
  {
    expect: { rows: [['molecule', 1, true, null]] },
    rows: [['molecule', '1', 't', null]],
    status: 'ok',
    summary: '1 row, as wanted',
  },
  {
    expect: { rows: [['mixture'], ['molecule']] },
    rows: [['mixture'], ['molecules']],
    status: 'breach',
    summary: '2 rows, wanted 2: missing (molecule); not wanted (molecules)',
  },
  {
    expect: { rows: [['a'], ['a']] },
    rows: [['a']],
    status: 'breach',
    summary: '1 row, wanted 2: missing (a)',
  },
  {
    expect: { rows: [['a'], ['b']] },
    rows: [['b'], ['a']],
    status: 'breach',
    summary: '2 rows, wanted 2: the same rows in another order (does it need an "order by"?)',
  },
  {
    expect: { rows: [['a', 1]] },
    rows: [['a']],
    status: 'error',
    summary: 'the check itself is broken: it gives 1 column, wanted 2: (a, 1)',
  },
])('$status when $expect is wanted: $summary', ({ expect: wanted, rows, status, summary }) => {
  expect(judgeRows(wanted, answer(rows), undefined)).toEqual({ status, summary });
});

test.each([
  { when: 'there is no baseline', baseline: undefined, status: 'unknown', says: 'there is no baseline' },
  {
    when: 'the baseline could not look',
    baseline: { check: checkId('one'), status: 'unknown' as const, at: instant(0), took: millis(1), summary: '' },
    status: 'unknown',
    says: 'the baseline could not look',
  },
  { when: 'nothing changed', baseline: frozen([['a'], ['b']]), status: 'ok', says: '2 rows, as in the baseline' },
  { when: 'the order alone changed', baseline: frozen([['b'], ['a']]), status: 'ok', says: 'as in the baseline' },
  {
    when: 'a row is another',
    baseline: frozen([['a'], ['c']]),
    status: 'breach',
    says: '2 rows, wanted the baseline’s 2: missing (c); not wanted (b)',
  },
  {
    when: 'a row was there twice',
    baseline: frozen([['a'], ['b'], ['b']]),
    status: 'breach',
    says: '2 rows, wanted the baseline’s 3: missing (b)',
  },
  {
    when: 'the baseline kept only its first rows',
    baseline: frozen(numbers(21)),
    status: 'breach',
    says: '2 rows, wanted the baseline’s 21, with different rows',
  },
])('"same as baseline" is $status when $when', ({ baseline, status, says }) => {
  const judgement = judgeRows('same as baseline', answer([['a'], ['b']]), baseline);
  expect(judgement.status).toBe(status);
  expect(judgement.summary).toContain(says);
});

test('a null cell differs from the text null', () => {
  expect(judgeRows('same as baseline', answer([['null']]), frozen([[null]])).status).toBe('breach');
});

test('an answer that is too long cannot be compared, and the message advises to aggregate', () => {
  const long = answer(numbers(mostRows + 1));
  const expectations: readonly Expectation[] = ['same as baseline', { rows: [['0']] }];
  for (const wanted of expectations) {
    const { status, summary } = judgeRows(wanted, long, frozen([]));
    expect({ status, summary }).toMatchObject({
      status: 'error',
      summary: expect.stringContaining('count, sum or hash'),
    });
  }
});

test('a long cell is cut at 60 characters and its line breaks become blanks', () => {
  expect(sayRow([`two\n  lines`, 'x'.repeat(61)])).toBe(`(two lines, ${'x'.repeat(59)}…)`);
  expect(sayRow([`${'x'.repeat(58)}😀😀`])).toBe(`(${'x'.repeat(58)}…)`);
  expect(sayRow(['1', '2', '3', '4', '5', '6'])).toBe('(1, 2, 3, 4, 5, …)');
});

test('evidence has at most 20 rows, and only the beginning of a huge cell', () => {
  const kept = evidenceOf([['x'.repeat(5_000)], ...numbers(30)]);
  expect(kept).toHaveLength(20);
  expect(kept[0]?.[0]).toHaveLength(1_000);
});
