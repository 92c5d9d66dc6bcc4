import { expect, test } from 'vitest';

import {
  between,
  type Count,
  plainMean,
  type StatementInterval,
  type StatementLook,
  together,
} from '../../../src/core/evidence/statements.ts';

type Counts = Readonly<Record<string, readonly [calls: number, ms: number]>>;
const counted = (counts: Counts): ReadonlyMap<string, Count> =>
  new Map(Object.entries(counts).map(([number, [calls, ms]]) => [number, { calls, ms }]));
const look = (counts: Counts, more: Partial<StatementLook> = {}): StatementLook => ({
  startedAt: 'noon',
  resetAt: 'never',
  counts: counted(counts),
  ...more,
});
/** Numbers 1 and 11 have the same text; 9 does not count. */
const statementOf = (number: string) => ({ '1': 'search', '11': 'search', '2': 'list' })[number];
const interval = (ran: Counts, lost: readonly string[] = []): StatementInterval => ({
  ran: counted(ran),
  lost: new Set(lost),
});

test.each<{ when: string; before: Counts; now: Counts; ran?: Counts; lost?: string[] }>([
  { when: 'calls ended', before: { 1: [10, 100] }, now: { 1: [14, 180] }, ran: { search: [4, 80] } },
  { when: 'nothing ended', before: { 1: [10, 100] }, now: { 1: [10, 100] } },
  { when: 'a statement is new', before: {}, now: { 2: [3, 30] }, ran: { list: [3, 30] } },
  {
    when: 'a table was recreated, and its statement has another number',
    before: { 1: [10, 100] },
    now: { 1: [12, 120], 11: [3, 90] },
    ran: { search: [5, 110] },
  },
  { when: 'another statement is not asked about', before: { 9: [1, 1] }, now: { 9: [5, 5] } },
  { when: 'another statement is gone', before: { 9: [1, 1] }, now: {} },
  { when: 'the counts shrank', before: { 1: [10, 100] }, now: { 1: [2, 20] }, lost: ['search'] },
  { when: 'the time shrank', before: { 1: [10, 100] }, now: { 1: [11, 20] }, lost: ['search'] },
  {
    when: 'one number of a statement is gone',
    before: { 1: [10, 100], 11: [1, 1] },
    now: { 11: [50, 500] },
    ran: { search: [49, 499] },
    lost: ['search'],
  },
  {
    when: 'sums of doubles were rounded',
    before: { 1: [10, 100] },
    now: { 1: [11, 100 - 1e-9] },
    ran: { search: [1, 0] },
  },
])('when $when', ({ before, now, ran = {}, lost = [] }) => {
  expect(between(look(before), look(now), statementOf)).toEqual(interval(ran, lost));
});

test.each([
  { what: 'a restart', now: { startedAt: 'one' }, because: /restarted/ },
  { what: 'a reset', now: { resetAt: 'one' }, because: /reset/ },
])('across $what nothing can be said', ({ now, because }) => {
  const said = between(look({ 1: [10, 100] }), look({ 1: [20, 200] }, now), statementOf);
  expect(said).toEqual({ because: expect.stringMatching(because) });
});

test('intervals are merged statement by statement', () => {
  const one = interval({ search: [1, 10], list: [1, 1] }, ['a']);
  const other = interval({ search: [2, 20] }, ['b']);
  expect(together(undefined, one)).toEqual(one);
  expect(together(one, other)).toEqual(interval({ search: [3, 30], list: [1, 1] }, ['a', 'b']));
});

test('the plain mean is over all calls', () => {
  expect(plainMean(interval({ search: [1, 10], list: [9, 20] }))).toBe(3);
  expect(plainMean(interval({}))).toBeUndefined();
});
