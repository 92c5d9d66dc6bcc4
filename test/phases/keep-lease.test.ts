import { expect, test } from 'vitest';

import { phaseId } from '../../src/core/kernel/ids.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import { PhaseRefused } from '../../src/phases/errors.ts';
import { betweenBeats, keepLease, type StopReason } from '../../src/phases/keep-lease.ts';
import type { Orders } from '../../src/phases/reporter.ts';
import { fakeClock } from '../support/fake-clock.ts';

const child = { pid: 4711, startTicks: '12', bootId: 'boot' };
const goOn: Orders = { goOn: true };

/** A lease of 20 s with a clock that the test moves. `answer` is the guard's answer. */
function underLease(answer: () => Promise<Orders> = () => Promise.resolve(goOn)) {
  const clock = fakeClock();
  const begin = clock.now();
  const told: string[] = [];
  const stops: StopReason[] = [];
  const warnings: string[] = [];
  const hear = (what: string) => {
    told.push(`${(clock.now() - begin) / 1_000} s: ${what}`);
    return answer();
  };
  const lease = keepLease({
    reporter: {
      spawned: ({ pid }) => hear(`spawned ${pid}`),
      beat: (fraction) => hear(fraction === undefined ? 'beat' : `beat ${fraction}`),
    },
    clock,
    lease: seconds(20),
    onStop: (reason) => stops.push(reason),
    onWarning: (warning) => warnings.push(warning),
  });
  return { clock, told, stops, warnings, lease };
}

test.each([
  { lease: seconds(20), every: seconds(5) },
  { lease: seconds(60), every: seconds(5) },
  { lease: seconds(8), every: seconds(2) },
])('a lease of $lease ms is kept by a heartbeat every $every ms', ({ lease, every }) => {
  expect(betweenBeats(lease)).toBe(every);
});

test('the child is reported at once, then a heartbeat follows every 5 s until the release', async () => {
  const { clock, told, stops, lease } = underLease();
  lease.spawned(child);
  await clock.advance(16_000);
  await lease.release();
  await clock.advance(60_000);
  expect(told).toEqual(['0 s: spawned 4711', '5 s: beat', '10 s: beat', '15 s: beat']);
  expect([stops, clock.waiting]).toEqual([[], 0]);
});

test('a warning is reported once per reason, again when it returns, and does not stop the work', async () => {
  const lock = 'the daemon does not hold the guard lock';
  const answers = [lock, lock, undefined, lock, 'the server failed over'];
  const { clock, stops, warnings, lease } = underLease(async () => {
    const warning = answers.shift();
    return warning === undefined ? goOn : { goOn: true, warning };
  });
  await clock.advance(31_000);
  await lease.release();
  expect(warnings).toEqual([lock, lock, 'the server failed over']);
  expect(stops).toEqual([]);
});

test('a child that the guard refuses is not reported again, and heartbeats continue', async () => {
  const refusal = () => Promise.reject(new PhaseRefused(phaseId('indexes'), 'process 4711 does not show the tag'));
  const answers = [refusal];
  const { clock, told, stops, lease } = underLease(() => (answers.shift() ?? (() => Promise.resolve(goOn)))());
  lease.spawned(child);
  await clock.advance(61_000);
  await lease.release();
  expect(told.slice(0, 3)).toEqual(['0 s: spawned 4711', '5 s: beat', '10 s: beat']);
  expect(stops).toEqual([]);
});

test('progress is reported at once, but at most once a second, and always the newest value', async () => {
  const { clock, told, lease } = underLease();
  await clock.advance(1_000);
  lease.progressed(0.1);
  await clock.advance(100);
  for (const fraction of [0.2, 0.3, 0.4]) lease.progressed(fraction);
  await clock.advance(1_000);
  lease.progressed(0.5);
  await clock.advance(3_000);
  await lease.release();
  expect(told).toEqual(['1 s: beat 0.1', '2 s: beat 0.4', '3 s: beat 0.5']);
});

test('the last progress is reported at the release even within a second', async () => {
  const { clock, told, lease } = underLease();
  lease.progressed(0.9);
  await clock.advance(10);
  lease.progressed(1);
  await lease.release();
  expect(told).toEqual(['0 s: beat 0.9', '0.01 s: beat 1']);
});

test('a failed report is repeated with the next heartbeat unless there is a newer one', async () => {
  let fails = true;
  const { clock, told, lease } = underLease(() => (fails ? Promise.reject(new Error('away')) : Promise.resolve(goOn)));
  lease.spawned(child);
  await clock.advance(5_000);
  fails = false;
  await clock.advance(5_000);
  fails = true;
  lease.progressed(0.3);
  await clock.advance(0);
  fails = false;
  await clock.advance(1_000);
  await lease.release();
  expect(told).toEqual([
    '0 s: spawned 4711',
    '5 s: spawned 4711',
    '10 s: spawned 4711',
    '10 s: beat 0.3',
    '11 s: beat 0.3',
  ]);
});

test('an order to stop is passed on once, and heartbeats continue until the release', async () => {
  const { clock, told, stops, lease } = underLease(() => Promise.resolve({ goOn: false, because: 'rollback' }));
  await clock.advance(12_000);
  expect(stops).toEqual([{ why: 'ordered', because: 'rollback' }]);
  expect(told).toHaveLength(2);
  await lease.release();
});

test.each([
  { guard: 'refuses the connection', answer: () => Promise.reject(new Error('away')), lastError: new Error('away') },
  { guard: 'never answers', answer: () => new Promise<Orders>(() => undefined), lastError: undefined },
])('contact is lost when the guard $guard for longer than the lease', async ({ answer, lastError }) => {
  const { clock, told, stops, lease } = underLease(answer);
  await clock.advance(20_000);
  expect(stops).toEqual([]);
  expect(told).toHaveLength(4);
  await clock.advance(1);
  expect(stops).toEqual([{ why: 'guard-lost', silentFor: 20_001, lastError }]);
  const released = lease.release();
  await clock.advance(5_000);
  await released;
  expect(clock.waiting).toBe(0);
});

test('a lease starts at the last answered heartbeat', async () => {
  let fails = false;
  const { clock, stops, lease } = underLease(() => (fails ? Promise.reject(new Error('away')) : Promise.resolve(goOn)));
  await clock.advance(12_000);
  fails = true;
  await clock.advance(18_000);
  expect(stops).toEqual([]);
  await clock.advance(1);
  expect(stops).toMatchObject([{ why: 'guard-lost' }]);
  await lease.release();
});

test('a late answer counts: it renews the lease from its request on, and its order is obeyed', async () => {
  const answers: PromiseWithResolvers<Orders>[] = [];
  const { clock, stops, lease } = underLease(() => {
    const answer = Promise.withResolvers<Orders>();
    answers.push(answer);
    return answer.promise;
  });
  await clock.advance(19_000);
  answers[1]?.resolve(goOn); // asked after 10 s
  await clock.advance(11_000);
  expect(stops).toEqual([]);
  answers[2]?.resolve({ goOn: false, because: 'rollback' }); // asked after 15 s
  await clock.advance(1);
  expect(stops).toEqual([{ why: 'ordered', because: 'rollback' }]);
  const released = lease.release();
  await clock.advance(5_000);
  await released;
});

test('a wrapper that was suspended for longer than the lease does not continue', async () => {
  const { clock, stops, lease } = underLease();
  await clock.advance(7_000);
  await clock.stall(60_000);
  expect(stops).toMatchObject([{ why: 'guard-lost', silentFor: millis(62_000) }]);
  await lease.release();
});

test('after the release, nothing stops the work', async () => {
  const { clock, stops, lease } = underLease(() => Promise.resolve({ goOn: false, because: 'too late' }));
  lease.progressed(1);
  await lease.release();
  await clock.advance(60_000);
  expect(stops).toEqual([]);
});
