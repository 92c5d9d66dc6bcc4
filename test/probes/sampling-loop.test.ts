import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { lateness, noOwnTime, type OwnTime } from '../../src/core/evidence/own-time.ts';
import type { Reading } from '../../src/core/evidence/reading.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, type Millis, millis } from '../../src/core/kernel/units.ts';
import { type Asker, latest, startSampling } from '../../src/probes/sampling-loop.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

const start = instant(1_800_000_000_000);

/** A probe whose k-th reading takes `takes[k]` ms (default 5 ms). `asked` holds the times at which readings started. */
function asker(
  clock: FakeClock,
  id: string,
  every: number,
  takes: readonly number[] = [],
): Asker & { asked: number[] } {
  const probe = probeId(id);
  const asked: number[] = [];
  return {
    id: probe,
    every: millis(every),
    asked,
    async ask(at, signal) {
      const took = millis(takes[asked.push(clock.now() - start) - 1] ?? 5);
      await clock.wait(took, signal);
      return { state: 'answered', probe, at, took };
    },
  };
}

interface Probed {
  readonly id: string;
  readonly every: number;
  readonly takes?: readonly number[];
}

function sample(probes: readonly Probed[]) {
  const clock = fakeClock(start);
  const readings: Reading[] = [];
  const lags: Millis[] = [];
  const askers = probes.map(({ id, every, takes }) => asker(clock, id, every, takes));
  const sampling = startSampling({
    probes: askers,
    clock,
    onReading: (reading) => readings.push(reading),
    onLag: (lag) => lags.push(lag),
    onWake: () => undefined,
    ownTime: () => noOwnTime,
  });
  const told = () =>
    readings
      .toSorted((a, b) => a.at - b.at)
      .map(({ state, probe, at }) => `${probe} ${at - start}${state === 'answered' ? '' : ` ${state}`}`);
  return { clock, readings, lags, askers, sampling, told };
}

test.each([
  {
    when: 'all goes well',
    probes: [{ id: 'a', every: 1_000 }],
    live: (clock: FakeClock) => clock.advance(3_005),
    readings: ['a 0', 'a 1000', 'a 2000', 'a 3000'],
    lags: [0, 0, 0, 0],
  },
  {
    when: 'an answer takes two and a half intervals',
    probes: [{ id: 'a', every: 1_000, takes: [5, 2_500] }],
    live: (clock: FakeClock) => clock.advance(5_005),
    readings: ['a 0', 'a 1000', 'a 2000 missing', 'a 3000 missing', 'a 4000', 'a 5000'],
    lags: [0, 0, 0, 0],
  },
  {
    when: 'an answer takes exactly one interval',
    probes: [{ id: 'a', every: 1_000, takes: [1_000, 1_000, 1_000] }],
    live: (clock: FakeClock) => clock.advance(3_000),
    readings: ['a 0', 'a 1000', 'a 2000'],
    lags: [0, 0, 0, 0],
  },
  {
    when: 'the process stands still for five intervals, and wakes soon after a due time',
    probes: [{ id: 'a', every: 1_000 }],
    async live(clock: FakeClock) {
      await clock.advance(5);
      await clock.stall(5_000);
      await clock.advance(1_000);
    },
    readings: ['a 0', 'a 1000 missing', 'a 2000 missing', 'a 3000 missing', 'a 4000 missing', 'a 5000', 'a 6000'],
    lags: [0, 5, 0],
  },
  {
    when: 'the process stands still for five intervals, and wakes long after a due time',
    probes: [{ id: 'a', every: 1_000 }],
    async live(clock: FakeClock) {
      await clock.advance(5);
      await clock.stall(4_300);
      await clock.advance(1_000);
    },
    readings: ['a 0', 'a 1000 missing', 'a 2000 missing', 'a 3000 missing', 'a 4000 missing', 'a 5000'],
    lags: [0, 0],
  },
  {
    when: 'two probes share the interval',
    probes: [
      { id: 'a', every: 1_000 },
      { id: 'b', every: 1_000 },
    ],
    live: (clock: FakeClock) => clock.advance(1_900),
    readings: ['a 0', 'b 500', 'a 1000', 'b 1500'],
    lags: [0, 0, 0, 0],
  },
  {
    when: 'probes have different intervals, and one probe is slow',
    probes: [
      { id: 'a', every: 900, takes: [2_000] },
      { id: 'b', every: 300 },
      { id: 'c', every: 600 },
    ],
    live: (clock: FakeClock) => clock.advance(1_100),
    readings: ['b 100', 'b 400', 'c 400', 'b 700', 'a 900 missing', 'b 1000', 'c 1000'],
    lags: [0, 0, 0, 0, 0, 0, 0],
  },
])('readings stay on their time grid when $when', async ({ probes, live, readings, lags }) => {
  const { clock, sampling, told, lags: seen } = sample(probes);
  await live(clock);
  expect(told()).toEqual(readings);
  expect(seen).toEqual(lags);
  await sampling.stop();
  expect(clock.waiting).toBe(0);
});

test('a stall causes no burst: overdue readings are missing and are not taken all at once', async () => {
  const probes = Array.from({ length: 100 }, (_, index) => ({ id: `p${index}`, every: 1_000 }));
  const { clock, sampling, askers, readings } = sample(probes);
  await clock.advance(1_000);
  await clock.stall(10_000);
  const atOnce = askers.filter(({ asked }) => asked.at(-1) === 11_000);
  expect(atOnce.length).toBeLessThanOrEqual(26);
  expect(readings.filter(({ state }) => state === 'missing').length).toBeGreaterThanOrEqual(970);
  await sampling.stop();
});

test('a thousand probes need one wait at a time', async () => {
  const probes = Array.from({ length: 1_000 }, (_, index) => ({ id: `p${index}`, every: 1_000, takes: [0, 0, 0] }));
  const { clock, sampling, readings, lags } = sample(probes);
  await clock.advance(1_000);
  expect(clock.waiting).toBe(1);
  expect(readings.filter(({ at }) => at < start + 1_000)).toHaveLength(1_000);
  expect(Math.max(...lags)).toBeLessThan(4);
  await sampling.stop();
});

test('stopping during a reading aborts it, waits for its end, and reports it as missing', async () => {
  const clock = fakeClock(start);
  const readings: Reading[] = [];
  const cleanedUp = Promise.withResolvers<void>();
  const probe = probeId('a');
  const sampling = startSampling({
    probes: [
      {
        id: probe,
        every: millis(1_000),
        async ask(at, signal) {
          await clock.wait(millis(5_000), signal).catch(() => undefined);
          await cleanedUp.promise;
          return { state: 'missing', probe, at };
        },
      },
    ],
    clock,
    onReading: (reading) => readings.push(reading),
    onLag: () => undefined,
    onWake: () => undefined,
    ownTime: () => noOwnTime,
  });
  await clock.advance(500);
  let stopped = false;
  const stopping = sampling.stop().then(() => (stopped = true));
  await clock.advance(0);
  expect(stopped).toBe(false);
  cleanedUp.resolve();
  await stopping;
  expect(readings).toEqual([{ state: 'missing', probe, at: start }]);
  await clock.advance(10_000);
  await sampling.stop();
  expect(readings).toHaveLength(1);
});

test('a probe that throws leaves a missing reading and continues with the next one', async () => {
  const clock = fakeClock(start);
  const readings: string[] = [];
  const broken: Asker = {
    id: probeId('a'),
    every: millis(1_000),
    ask: () => {
      throw new Error('broken');
    },
  };
  const sampling = startSampling({
    probes: [broken],
    clock,
    onReading: ({ state, at }) => readings.push(`${at - start} ${state}`),
    onLag: () => undefined,
    onWake: () => undefined,
    ownTime: () => noOwnTime,
  });
  await clock.advance(1_000);
  expect(readings).toEqual(['0 missing', '1000 missing']);
  await sampling.stop();
});

test('a reading that came due just before the stop is missing, too', async () => {
  let now = start;
  const readings: Reading[] = [];
  const probe = probeId('a');
  const sampling = startSampling({
    probes: [
      { id: probe, every: millis(1_000), ask: async (at) => ({ state: 'answered', probe, at, took: millis(1) }) },
    ],
    clock: {
      now: () => now,
      wait: (_, signal) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    },
    onReading: (reading) => readings.push(reading),
    onLag: () => undefined,
    onWake: () => undefined,
    ownTime: () => noOwnTime,
  });
  now = instant(start + 2_500);
  await sampling.stop();
  expect(Object.fromEntries(readings.map(({ at, state }) => [at - start, state]))).toEqual({
    0: 'answered',
    1_000: 'missing',
    2_000: 'missing',
  });
  expect(readings).toHaveLength(3);
});

test('the loop runs and stops without any probes', async () => {
  const { clock, sampling } = sample([]);
  await clock.advance(1_000);
  expect(clock.waiting).toBe(0);
  await sampling.stop();
});

test('each due time on the grid always yields exactly one reading', async () => {
  const probe = fc.record({
    every: fc.integer({ min: 10, max: 2_000 }),
    takes: fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5_000 }))),
  });
  const happening = fc.record({
    kind: fc.constantFrom('advance', 'stall'),
    length: fc.integer({ min: 0, max: 3_000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(probe, { minLength: 1, maxLength: 5 }),
      fc.array(happening as fc.Arbitrary<{ kind: 'advance' | 'stall'; length: number }>, { maxLength: 6 }),
      async (plans, happenings) => {
        const probes = plans.map((plan, position) => ({ id: `p${position}`, ...plan }));
        const { clock, sampling, askers, readings, lags } = sample(probes);
        for (const { kind, length } of happenings) await clock[kind](length);
        const end = clock.now();
        await sampling.stop();

        for (const [position, { id, every }] of probes.entries()) {
          const first = start + Math.floor((every * position) / probes.length);
          const grid = Array.from(
            { length: Math.max(0, Math.floor((end - first) / every) + 1) },
            (_, k) => first + k * every,
          );
          const own = readings.filter((reading) => reading.probe === id);
          expect(own.map(({ at }) => at).toSorted((a, b) => a - b)).toEqual(grid);
          const answered = own.filter(({ state }) => state === 'answered').length;
          expect(askers[position]?.asked.length).toBeGreaterThanOrEqual(answered);
        }
        expect(lags).toHaveLength(askers.flatMap(({ asked }) => asked).length);
        expect(lags.every((lag) => lag >= 0 && lag <= latest)).toBe(true);
        expect(clock.waiting).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

/** One probe. For the k-th answer: how long it takes, and how much of that is the guard's own time. */
function sampleTimed(answers: readonly { readonly took: number; readonly own?: number; readonly failed?: true }[]) {
  const clock = fakeClock(start);
  const readings: Reading[] = [];
  const wakes: Millis[] = [];
  const probe = probeId('a');
  let [asked, taken] = [0, 0];
  const ownTime = (): OwnTime => ({ busy: millis(taken), waiting: millis(0) });
  const sampling = startSampling({
    probes: [
      {
        id: probe,
        every: millis(1_000),
        async ask(at, signal): Promise<Reading> {
          const { took, own, failed } = answers[asked++] ?? { took: 3, own: 1 };
          await clock.wait(millis(took), signal);
          taken += own ?? 0;
          if (failed) return { state: 'failed', probe, at, cause: { reason: 'timeout', message: 'no answer' } };
          const answer = { state: 'answered', probe, at, took: millis(took) } as const;
          return own === undefined ? answer : { ...answer, own: { busy: millis(own), waiting: millis(0) } };
        },
      },
    ],
    clock,
    onReading: (reading) => readings.push(reading),
    onLag: () => undefined,
    onWake: (late) => wakes.push(late),
    ownTime,
  });
  const told = () => readings.map((reading) => (reading.state === 'missing' ? reading.because : reading.state));
  return { clock, sampling, readings, wakes, told };
}
const usual = { took: 3, own: 1 };

test('a reading is missing, with the reason, if the guard was late, but not if only the target was slow', async () => {
  const { clock, sampling, readings, told } = sampleTimed([
    usual,
    usual,
    { took: 400, own: 398 },
    { took: 400, own: 2 },
    { took: 500 }, // measured elsewhere, such as by the server's statistics
    { took: 600, own: 590, failed: true },
    { took: 600, own: 1, failed: true },
    usual,
  ]);
  await clock.advance(7_900);
  expect(told()).toEqual([
    'answered',
    'answered',
    lateness.busy,
    'answered',
    'answered',
    lateness.busy,
    'failed',
    'answered',
  ]);
  expect(readings[3]).toEqual({ state: 'answered', probe: 'a', at: start + 3_000, took: 400 }); // the guard's own time is not stored
  await sampling.stop();
});

test('a reading that was running while the process stood still is missing, with that reason', async () => {
  const { clock, sampling, told, wakes } = sampleTimed([usual, { took: 700, own: 1 }]);
  await clock.advance(1_010);
  await clock.stall(790);
  expect(told()).toEqual(['answered', lateness.stopped]);
  await clock.advance(1_500);
  expect(told()).toEqual(['answered', lateness.stopped, 'answered', 'answered']);
  expect(wakes.filter((late) => late > 0)).toHaveLength(1);
  await sampling.stop();
});

test('a reading due while the process stood still is missing with the reason, one blocked by a slow answer without a reason', async () => {
  const { clock, sampling, told } = sampleTimed([usual, { took: 1_500, own: 1 }]);
  await clock.advance(2_900);
  expect(told()).toEqual(['answered', undefined, 'answered']);
  await clock.stall(2_500);
  expect(told()).toEqual(['answered', undefined, 'answered', lateness.asking, lateness.asking, lateness.asking]);
  await sampling.stop();
});

test('a guard that is always late never gives any evidence', async () => {
  const late = { took: 9, own: 7 };
  const { clock, sampling, told } = sampleTimed(Array.from({ length: 220 }, (_, k) => (k < 40 ? usual : late)));
  await clock.advance(219_500);
  expect(new Set(told().slice(40))).toEqual(new Set([lateness.busy]));
  await sampling.stop();
});
