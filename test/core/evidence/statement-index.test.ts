import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { gather, mixLatency, statementBaseline } from '../../../src/core/evidence/statement-index.ts';
import type { Count, StatementInterval } from '../../../src/core/evidence/statements.ts';
import { probeId } from '../../../src/core/kernel/ids.ts';

type Calls = Readonly<Record<string, readonly [calls: number, mean: number]>>;
const interval = (ran: Calls, lost: readonly string[] = []): StatementInterval => ({
  ran: new Map(
    Object.entries(ran).map(([name, [calls, mean]]): [string, Count] => [name, { calls, ms: calls * mean }]),
  ),
  lost: new Set(lost),
});
const probe = probeId('app');
/** 90 quick calls and 10 slow ones in each interval: 10.9 ms a call. */
const usual: Calls = { quick: [90, 1], slow: [10, 100] };
const capture = (of: Calls = usual, count = 10) => Array.from({ length: count }, () => interval(of));
const { statements: mix = { weights: [], calls: 0 }, ...summary } = statementBaseline(probe, capture(), 20);

test('a capture yields the shares of the calls, the means, and a latency of each interval', () => {
  expect(mix).toEqual({
    weights: [
      { statement: 'slow', share: 0.1, mean: 100 },
      { statement: 'quick', share: 0.9, mean: 1 },
    ],
    calls: 100,
  });
  expect(summary).toEqual({
    probe,
    latencies: Array.from({ length: 10 }, () => 10.9),
    failed: 0,
    missing: 0,
    p50: 10.9,
    p95: 10.9,
  });
});

test('only the statements with the most time count', () => {
  expect(statementBaseline(probe, capture({ ...usual, other: [1_000, 0.1] }), 2).statements).toEqual({
    weights: [
      { statement: 'slow', share: 10 / 1_010, mean: 100 },
      { statement: 'other', share: 1_000 / 1_010, mean: expect.closeTo(0.1) },
    ],
    calls: 1_010,
  });
});

test.each<{ when: string; ran: Calls; is: number | undefined }>([
  { when: 'all is as before', ran: usual, is: 10.9 },
  { when: 'all is twice as slow', ran: { quick: [90, 2], slow: [10, 200] }, is: 21.8 },
  { when: 'the mix alone has changed', ran: { quick: [10, 1], slow: [90, 100] }, is: 10.9 },
  { when: 'twice as much runs', ran: { quick: [180, 1], slow: [20, 100] }, is: 10.9 },
  { when: 'a statement of the baseline does not run', ran: { slow: [100, 100] }, is: 10.9 },
  { when: 'what runs of it is twice as slow', ran: { slow: [100, 200] }, is: 21.8 },
  { when: 'a new statement runs', ran: { ...usual, new: [1_000, 5_000] }, is: 10.9 },
  { when: 'the slow one alone is twice as slow', ran: { quick: [90, 1], slow: [10, 200] }, is: 20.9 },
  { when: 'what runs is a small part of the time', ran: { quick: [100, 1] }, is: undefined },
  { when: 'there are too few calls', ran: { quick: [69, 1], slow: [10, 100] }, is: undefined },
  { when: 'there are nearly as many calls', ran: { quick: [70, 1], slow: [10, 100] }, is: 10.9 },
  { when: 'nothing runs', ran: {}, is: undefined },
])('when $when, a call of the mix takes $is ms', ({ ran, is }) => {
  expect(mixLatency(interval(ran), mix)).toEqual(is === undefined ? undefined : expect.closeTo(is, 3));
});

const calls = fc.integer({ min: 1, max: 10_000 });
const mean = fc.double({ min: 1, max: 10_000, noNaN: true });
const statement = fc.record({ calls, mean, later: fc.integer({ min: 0, max: 10_000 }) });

test('the index changes exactly as much as the statements, whatever the mix', () => {
  fc.assert(
    fc.property(
      fc.array(statement, { minLength: 1, maxLength: 8 }),
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      (all, slower) => {
        const before = Object.fromEntries(all.map((one, place) => [`s${place}`, [one.calls, one.mean] as const]));
        const after = Object.fromEntries(
          all.flatMap(({ later, mean: was }, place) =>
            later === 0 ? [] : [[`s${place}`, [later, was * slower] as const]],
          ),
        );
        const { statements = { weights: [], calls: 0 }, p50 = 0 } = statementBaseline(probe, capture(before), 20);
        const is = mixLatency(interval(after), { ...statements, calls: 1 });
        expect(is === undefined ? slower : is / p50).toBeCloseTo(slower, 1);
      },
    ),
  );
});

test('an interval with too few calls is merged with the next', () => {
  const first = gather(undefined, interval({ quick: [45, 1], slow: [5, 100] }), mix);
  expect(first).toMatchObject({ state: 'too-little' });
  const pending = first.state === 'too-little' ? first.pending : undefined;
  expect(gather(pending, interval({ quick: [45, 3], slow: [5, 300] }), mix)).toEqual({ state: 'told', latency: 21.8 });
});

test('lost statistics matter only for statements that count', () => {
  expect(gather(undefined, interval(usual, ['slow']), mix)).toEqual({ state: 'lost' });
  expect(gather(undefined, interval(usual, ['other']), mix)).toMatchObject({ state: 'told' });
});

test('a capture merges uneven intervals in the same way as later readings', () => {
  const uneven = [usual, { quick: [30, 1] }, { quick: [60, 1], slow: [10, 100] }, {}, usual] as const;
  const { latencies, missing } = statementBaseline(
    probe,
    uneven.map((ran) => interval(ran)),
    20,
  );
  expect(latencies).toHaveLength(3);
  expect(missing).toBe(2);
});

test('a capture in which nothing ran has no latency', () => {
  const empty = statementBaseline(probe, capture({}), 20);
  expect(empty).toEqual({ probe, latencies: [], failed: 0, missing: 10, statements: { weights: [], calls: 0 } });
});
