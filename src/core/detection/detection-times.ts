import type { Ratio } from '../kernel/units.ts';
import { lawOf, type Weights, weightsOf } from './calibrate.ts';
import { randomFrom } from './random.ts';
import type { Calibration, WatchRule } from './rule.ts';
import { readingsToAlarm, rowOf, tableOf } from './table.ts';

/** How soon a slowdown that begins at the marker would be detected. */
export interface DetectionTime {
  readonly slowdown: Ratio;
  /** Half of the cases need at most this many readings; undefined if that takes longer than the watch. */
  readonly median: number | undefined;
  readonly p95: number | undefined;
}

/** The number of simulated watches: enough for a p95, few enough for a command that a person waits for. */
const repetitions = 200;

/** The length of resampled blocks in correlation times, so that most of the dependence on earlier readings is kept. */
const blockTimes = 5;

/** The baseline in chronological order. The times of its failures are unknown, so they are spread evenly. */
function inTime({ latencies, failed }: Calibration): readonly number[] {
  const answered = latencies.filter((latency) => latency >= 0);
  const every = (answered.length + failed) / Math.max(1, failed);
  const failures = Array.from({ length: failed }, (_, index) => Math.floor((index + 0.5) * every));
  const isFailure = new Set(failures);
  let next = 0;
  return Array.from({ length: answered.length + failed }, (_, index) =>
    isFailure.has(index) ? Number.POSITIVE_INFINITY : (answered[next++] ?? Number.POSITIVE_INFINITY),
  );
}

/** From this many times the baseline's length on, a sample of the law is as good as the law itself. */
const asGoodAsTheLaw = 10;

/** The rows of the baseline's latencies, as they are and slowed down, and the number of readings before the slowdown. */
interface Rows {
  readonly before: Uint16Array;
  readonly slowed: Uint16Array;
  readonly late: number;
}

/**
 * Draws rows in blocks (circular block bootstrap: Politis and Romano 1992), twice over: first a possible truth, because a
 * baseline of so many `readings` is only a sample of it, then readings from that.
 */
function drawer({ before, slowed, late }: Rows, readings: number, block: number, random: () => number): () => number {
  const rows = slowed;
  const anyOf = (count: number) => Math.floor(random() * count);
  const known = readings > rows.length * asGoodAsTheLaw ? 0 : Math.ceil(readings / block);
  /** The start of each block of that sample, plus 1; 0 until it is first drawn, because short watches need few of them. */
  const starts = new Uint32Array(known);
  const draw = (): number => {
    if (known === 0) return anyOf(rows.length);
    const drawn = anyOf(known);
    if (starts[drawn] === 0) starts[drawn] = 1 + anyOf(rows.length);
    return (starts[drawn] as number) - 1;
  };
  let [at, left, count] = [0, 0, 0];
  return () => {
    if (left === 0) [at, left] = [draw(), block];
    left -= 1;
    count += 1;
    const row = (count > late ? slowed : before)[at] as number;
    at = at + 1 === rows.length ? 0 : at + 1;
    return row;
  };
}

/**
 * The number of readings until the alarm in simulated watches, ascending, if everything becomes `slowdown` times as slow
 * after the first `late` readings; counted from there.
 */
export function simulate(
  calibration: Calibration,
  weights: Weights,
  slowdown: Ratio,
  horizon: number,
  seed: number,
  late = 0,
): Float64Array {
  if (weights.channels.length === 0) return new Float64Array(repetitions).fill(Number.POSITIVE_INFINITY);
  const table = tableOf(weights, horizon);
  const latencies = inTime(calibration);
  const rowsAt = (times: number) => Uint16Array.from(latencies, (latency) => rowOf(weights, latency * times));
  const rows = { before: rowsAt(1), slowed: rowsAt(slowdown), late };
  const block = Math.min(latencies.length, Math.ceil(weights.correlationTime * blockTimes));
  const random = randomFrom(seed);
  const times = Float64Array.from({ length: repetitions }, () =>
    Math.max(0, readingsToAlarm(table, drawer(rows, weights.baselineReadings, block, random)) - late),
  );
  return times.toSorted();
}

/** The smallest number of readings within which at least this share of the simulated watches alarmed. */
export function within(times: Float64Array, share: number): number | undefined {
  const readings = times[Math.ceil(share * times.length) - 1];
  return readings === undefined || readings === Number.POSITIVE_INFINITY ? undefined : readings;
}

/**
 * How soon each slowdown that begins at the marker and lasts would be detected. Uses the baseline alone, by seeded
 * simulation; the work is bounded by `repetitions` watches for each slowdown.
 */
export function detectionTimes(
  calibration: Calibration,
  rule: WatchRule,
  slowdowns: readonly Ratio[],
  seed: number,
): readonly DetectionTime[] {
  const weights = weightsOf(lawOf(calibration), rule);
  return slowdowns.map((slowdown) => {
    const times = simulate(calibration, weights, slowdown, rule.readings, seed);
    return { slowdown, median: within(times, 0.5), p95: within(times, 0.95) };
  });
}
