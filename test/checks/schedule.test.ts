import { expect, test } from 'vitest';

import { type ScheduledCheck, startChecks } from '../../src/checks/schedule.ts';
import type { Finding } from '../../src/core/evidence/finding.ts';
import { checkId } from '../../src/core/kernel/ids.ts';
import { type Instant, instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

const start = instant(1_800_000_000_000);

function rig(lengths: Readonly<Record<string, { every: number; takes?: number; fails?: boolean }>>) {
  const clock: FakeClock = fakeClock(start);
  const began: string[] = [];
  const findings: Finding[] = [];
  let looking = 0;
  let most = 0;
  const since = (at: Instant) => (at - start) / 1_000;
  const checks = Object.entries(lengths).map(([id, { every, takes = 0, fails = false }]): ScheduledCheck => ({
    id,
    every: seconds(every),
    async run() {
      began.push(`${id} ${since(clock.now())}`);
      most = Math.max(most, ++looking);
      const at = clock.now();
      await clock.wait(seconds(takes));
      looking--;
      if (fails) throw new Error('it broke down');
      return { check: checkId(id), status: 'ok', at, took: millis(0), summary: '' };
    },
  }));
  const running = startChecks({ checks, clock, onFinding: (finding) => findings.push(finding) });
  return { clock, began, findings, running, most: () => most };
}

test('each check runs at its own interval, spread over it', async () => {
  const { clock, began, findings, running } = rig({
    a: { every: 10 },
    b: { every: 10 },
    c: { every: 48 },
    d: { every: 24 },
  });
  await clock.advance(34_000);
  expect(began).toEqual(['a 0', 'b 2.5', 'a 10', 'b 12.5', 'd 18', 'a 20', 'b 22.5', 'c 24', 'a 30', 'b 32.5']);
  expect(findings.map(({ check }) => check).join('')).toBe('ababdabcab');
  await running.stop();
});

test('only one check runs at a time', async () => {
  const { clock, began, running, most } = rig({ slow: { every: 10, takes: 4 }, other: { every: 4 } });
  await clock.advance(10_000);
  expect(began).toEqual(['slow 0', 'other 4', 'other 6', 'slow 10']);
  expect(most()).toBe(1);
  const stopped = running.stop();
  await clock.advance(4_000);
  await stopped;
});

test('a check slower than its interval skips the runs it missed, instead of catching up', async () => {
  const { clock, began, running } = rig({ slow: { every: 10, takes: 25 } });
  await clock.advance(59_000);
  expect(began).toEqual(['slow 0', 'slow 30']);
  const stopped = running.stop();
  await clock.advance(60_000);
  await stopped;
});

test('a check that throws is unknown, runs again, and stops no other', async () => {
  const { clock, findings, running } = rig({ bad: { every: 10, fails: true }, good: { every: 10 } });
  await clock.advance(9_000);
  expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual(['bad unknown', 'good ok', 'bad unknown']);
  expect(findings[0]?.summary).toBe('could not look: it broke down');
  await running.stop();
});

test('a check that could not run retries early at growing intervals, and returns to its own interval after a success', async () => {
  const clock = fakeClock(start);
  const began: number[] = [];
  const look = (could: (times: number) => Partial<Finding>, every: number): ScheduledCheck => ({
    id: 'hourly',
    every: seconds(every),
    async run() {
      const at = clock.now();
      began.push((at - start) / 1_000);
      return { check: checkId('hourly'), status: 'unknown', at, took: millis(0), summary: '', ...could(began.length) };
    },
  });
  const asked = async (check: ScheduledCheck, length: number) => {
    const running = startChecks({ checks: [check], clock, onFinding: () => undefined });
    await clock.advance(seconds(length));
    await running.stop();
    expect(clock.waiting).toBe(0);
  };
  await asked(
    look((times) => ({ status: times === 4 ? 'ok' : 'unknown' }), 3_600),
    3_606,
  );
  expect(began).toEqual([0, 5, 15, 35, 3_600, 3_605]);

  const from = (clock.now() - start) / 1_000;
  began.length = 0;
  await asked(
    look(() => ({ took: seconds(2) }), 30),
    31,
  );
  expect(began).toEqual([from, from + 30]); // a second retry after 40 s would come too late

  began.length = 0;
  await asked(
    look(() => ({ warmingUp: true }), 30),
    31,
  );
  expect(began).toHaveLength(2);
});

test('runAll runs all checks now, through the same queue, and reports their findings like any other', async () => {
  const { clock, began, findings, running, most } = rig({ a: { every: 60, takes: 2 }, b: { every: 60, takes: 2 } });
  await clock.advance(1_000);
  const all = running.runAll();
  await clock.advance(6_000);
  expect((await all).map(({ check }) => check)).toEqual(['a', 'b']);
  expect(began).toEqual(['a 0', 'a 2', 'b 4']);
  expect(findings).toHaveLength(3);
  expect(most()).toBe(1);
  await running.stop();
});

test('stopping waits for the check in progress, starts no other, and leaves no timer', async () => {
  const { clock, began, findings, running } = rig({ a: { every: 10, takes: 3 }, b: { every: 10, takes: 3 } });
  await clock.advance(1_000);
  const all = running.runAll().catch((error: unknown) => error);
  let over = false;
  const stopped = running.stop().then(() => (over = true));
  await clock.advance(1_000);
  expect(over).toBe(false);
  await clock.advance(1_000);
  await stopped;
  expect(findings).toHaveLength(1);
  expect(await all).toEqual(new Error('the checks were stopped'));
  await clock.advance(60_000);
  expect(began).toEqual(['a 0']);
  expect(clock.waiting).toBe(0);
  await expect(running.runAll()).rejects.toThrow('the checks were stopped');
});

test('a check that runs only in rounds runs again a minute after a bad result, and stops once it is ok', async () => {
  const clock = fakeClock(start);
  const began: number[] = [];
  const check: ScheduledCheck = {
    id: 'dear',
    every: undefined,
    isOpen: ({ status }) => status !== 'ok',
    async run() {
      const at = clock.now();
      began.push((at - start) / 1_000);
      const takes = seconds(began.length === 2 ? 9 : 0);
      await clock.wait(takes);
      return {
        check: checkId('dear'),
        status: began.length < 3 ? 'unknown' : 'ok',
        at,
        took: millis(takes),
        summary: '',
      };
    },
  };
  const running = startChecks({ checks: [check], clock, onFinding: () => undefined });
  await clock.advance(200_000);
  expect(began).toEqual([]);
  void running.runAll();
  await clock.advance(1_000_000);
  expect(began).toEqual([200, 260, 260 + 9 + 180]); // a slow check rests longer
  await running.stop();

  const last: Finding = { check: checkId('dear'), status: 'unknown', at: start, took: millis(0), summary: '' };
  const found = new Map([[last.check, last]]);
  const restarted = startChecks({ checks: [check], clock, onFinding: () => undefined, found });
  await clock.advance(60_000);
  expect(began).toHaveLength(4);
  await restarted.stop();
});

test('another round in between replaces the extra run', async () => {
  const clock = fakeClock(start);
  const began: number[] = [];
  const check: ScheduledCheck = {
    id: 'dear',
    every: undefined,
    isOpen: () => true,
    run: async () => {
      const at = clock.now();
      began.push((at - start) / 1_000);
      return { check: checkId('dear'), status: 'breach', at, took: millis(0), summary: '' };
    },
  };
  const running = startChecks({ checks: [check], clock, onFinding: () => undefined });
  void running.runAll();
  await clock.advance(40_000);
  void running.runAll();
  await clock.advance(70_000);
  expect(began).toEqual([0, 40, 100]);
  await running.stop();
});
