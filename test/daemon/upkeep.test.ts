import { afterEach, expect, test, vi } from 'vitest';

import { hours, type Instant, minutes } from '../../src/core/kernel/units.ts';
import { eachDay } from '../../src/system/calendar.ts';
import { createUpkeep } from '../../src/daemon/upkeep.ts';
import { broken, security, start } from '../support/builders.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { Night } from '../support/night.ts';
import { rollbackOf, type RunState } from '../../src/core/run/state.ts';

/** Maintenance with a clock that the test moves: its requests to the journal, and its log. */
interface Tuning {
  readonly slices?: readonly number[];
  readonly openRun?: () => RunState;
  readonly pruneReadings?: () => Promise<number>;
  readonly compact?: () => Promise<number>;
}

function anUpkeep(more: Tuning = {}) {
  const clock = fakeClock(start);
  const done: string[] = [];
  const slices = [...(more.slices ?? [4_096, 4_096])];
  const pruneReadings = async (now: Instant) => {
    done.push(`pruned at ${new Date(now).toISOString()}`);
    return 3;
  };
  const compact = async () => {
    done.push('compacted');
    return slices.shift() ?? 0;
  };
  const unheard = () => undefined;
  const upkeep = createUpkeep({
    clock,
    guards: () => [{ openRun: more.openRun ?? unheard, pruneReadings: more.pruneReadings ?? pruneReadings }],
    store: { compact: more.compact ?? compact },
    failed: (error) => void done.push(`it failed: ${String(error)}`),
    log: {
      info: (facts, text) => void done.push(`${text} ${JSON.stringify(facts)}`),
      warn: unheard,
      error: unheard,
      debug: unheard,
    },
  });
  return { clock, done, upkeep };
}

const pruned = 'pruned at 2026-11-22T02:00:00.000Z';

test('old readings are deleted, and their space is then returned slice by slice', async () => {
  const { done, upkeep } = anUpkeep();
  await upkeep.once();
  expect(done).toEqual([
    pruned,
    'compacted',
    'compacted',
    'compacted',
    'deleted old readings and returned free space {"chunks":3,"bytes":8192}',
  ]);
});

test('a guard whose readings cannot be deleted does not keep the space of the others', async () => {
  const { done, upkeep } = anUpkeep({ slices: [], pruneReadings: () => Promise.reject(new Error('taken over')) });
  await upkeep.once();
  expect(done).toEqual(['it failed: Error: taken over', 'compacted']);
});

test('a request while it runs does not run it twice', async () => {
  const { done, upkeep } = anUpkeep({ slices: [] });
  await Promise.all([upkeep.once(), upkeep.once()]);
  expect(done.filter((one) => one === pruned)).toHaveLength(1);
  await upkeep.once();
  expect(done.filter((one) => one === pruned)).toHaveLength(2);
});

test('it waits while a phase and then a rollback runs, and logs each reason once', async () => {
  const night = new Night().baseline();
  night.start(security);
  const { clock, done, upkeep } = anUpkeep({ openRun: () => night.state, slices: [] });
  const once = upkeep.once();
  await clock.advance(hours(2));
  const putOff = 'journal maintenance is postponed';
  expect(done).toEqual([`${putOff} {"because":"phase security-lockdown is running"}`]);
  night.look([broken('breach')], 1);
  night.approve(1);
  night.finish(security);
  await clock.advance(hours(2));
  expect(done.slice(1)).toEqual([`${putOff} {"because":"the rollback ${rollbackOf(night.state)?.id} is under way"}`]);
  night.stopWork();
  night.undo();
  await clock.advance(minutes(1));
  await once;
  expect(done.slice(2)).toEqual(['pruned at 2026-11-22T06:01:00.000Z', 'compacted', expect.stringMatching(/chunks/)]);
});

test('a phase that starts meanwhile pauses the rest', async () => {
  const night = new Night().baseline();
  const { clock, done, upkeep } = anUpkeep({
    openRun: () => night.state,
    pruneReadings: async () => 0,
    compact: async () => {
      done.push('compacted');
      if (done.length === 1) night.start(security);
      return done.filter((one) => one === 'compacted').length < 3 ? 4_096 : 0;
    },
  });
  const once = upkeep.once();
  await clock.advance(hours(1));
  expect(done).toEqual(['compacted', expect.stringMatching(/postponed/)]);
  night.finish(security);
  await clock.advance(minutes(1));
  await once;
  expect(done.filter((one) => one === 'compacted')).toHaveLength(3);
});

test('postponed work ends undone with the daemon', async () => {
  const night = new Night().baseline();
  night.start(security);
  const { clock, done, upkeep } = anUpkeep({ openRun: () => night.state });
  const once = upkeep.once();
  await clock.advance(minutes(5));
  await upkeep[Symbol.asyncDispose]();
  await once;
  expect(done).toEqual([expect.stringMatching(/postponed/)]);
  expect(clock.waiting).toBe(0);
});

test('a failure is reported, and the work is retried the next day', async () => {
  const { done, upkeep } = anUpkeep({
    pruneReadings: () => Promise.reject(new Error('the disk is full')),
    compact: async () => 0,
  });
  await upkeep.once();
  await upkeep.once();
  const told = 'it failed: Error: the disk is full';
  expect(done).toEqual([told, told]);
});

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };

afterEach(() => void vi.useRealTimers());

test('the quiet hour comes once a day, at 03:30 UTC, until it is disposed', async () => {
  vi.useFakeTimers({ now: start, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const at: string[] = [];
  const calendar = await eachDay(async () => void at.push(new Date().toISOString()), silent);
  await vi.advanceTimersByTimeAsync(hours(48));
  const both = ['2026-11-22T03:30:00.000Z', '2026-11-23T03:30:00.000Z'];
  expect(at).toEqual(both);
  calendar[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(hours(48));
  expect(at).toEqual(both);
  expect(vi.getTimerCount()).toBe(0);
});

test('work that was missed while the machine slept runs when it wakes', async () => {
  vi.useFakeTimers({ now: start, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const at: string[] = [];
  using _ = await eachDay(async () => void at.push(new Date().toISOString()), silent);
  vi.setSystemTime(start + hours(20)); // no timer counts the time of a suspended machine
  await vi.advanceTimersByTimeAsync(hours(24));
  expect(at).toEqual(['2026-11-22T23:30:00.000Z', '2026-11-23T03:30:00.000Z']);
});
