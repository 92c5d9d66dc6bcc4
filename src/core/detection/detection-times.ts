import type { Ratio } from '../kernel/units.ts';
import { lawOf, type Weights, weightsOf } from './calibrate.ts';
import { randomFrom } from './random.ts';
import type { Calibration, WatchRule } from './rule.ts';
import { readingsToAlarm, rowOf, tableOf } from './table.ts';

/** How soon a slowdown would be found that begins at the marker. */
export interface DetectionTime {
  readonly slowdown: Ratio;
  /** In half of the cases after at most so many readings; undefined: not within the watch. */
  readonly median: number | undefined;
  readonly p95: number | undefined;
}

/** How often a watch is simulated: enough for a p95, few enough for a command that a person waits for. */
const repetitions = 200;

/** Resampled blocks are so many correlation times long, so that what depends on its past mostly keeps it. */
const blockTimes = 5;

/** The baseline in the order of time. When its failures happened is not known: they are spread evenly. */
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

/** From so many times the baseline on, what a sample of the law shows is as good as the law. */
const asGoodAsTheLaw = 10;

/** The rows of the baseline's latencies, as they are and slowed down, and how many readings are as before. */
interface Rows {
  readonly before: Uint16Array;
  readonly slowed: Uint16Array;
  readonly late: number;
}

/**
 * Draws rows in blocks (circular block bootstrap: Politis and Romano 1992), twice over: first what the truth may be, given
 * that a baseline of so many `readings` is only a sample of it, then readings from that.
 */
function drawer({ before, slowed, late }: Rows, readings: number, block: number, random: () => number): () => number {
  const rows = slowed;
  const anyOf = (count: number) => Math.floor(random() * count);
  const known = readings > rows.length * asGoodAsTheLaw ? 0 : Math.ceil(readings / block);
  /** Where each block of that sample starts, plus 1; 0 until it is first drawn, since short watches need few of them. */
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
 * What simulated watches of so many readings would take, ascending, were everything `slowdown` times as slow from the one
 * after the first `late` on; counted from there.
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
 * How soon each slowdown would be found, were it to begin at the marker and last. From the baseline alone, by seeded
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
