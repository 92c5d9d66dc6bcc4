import { type Bet, factorsFor } from './bets.ts';
import { correlationTime } from './correlation.ts';
import { type Law, type Line, linesAt, shareAtMost } from './lines.ts';
import { type Calibration, largestStake, type WatchRule } from './rule.ts';

/** One view of the readings, with its own lines and bets. All channels see every reading. */
export interface Channel {
  readonly name: 'typical' | 'tail' | 'failures';
  /** Milliseconds, ascending. The number of a reading's cell is the number of lines that it exceeds. */
  readonly lines: readonly number[];
  /** Upper bounds of the probability that a latency is above each line while nothing is slower than the guard. */
  readonly exceeded: readonly number[];
  readonly bets: readonly Bet[];
}

/** How much the baseline can tell: nothing, so little that most slowness is missed, or enough. */
export type Substance = 'none' | 'little' | 'enough';

/** Derived from a baseline and a rule. Plain data: it can be stored, or derived again from the same inputs. */
export interface Weights {
  readonly channels: readonly Channel[];
  readonly falseAlarms: number;
  readonly readings: number;
  readonly marked: boolean;
  readonly substance: Substance;
  /** The number of readings in the baseline, including failures. */
  readonly baselineReadings: number;
  /** How many consecutive readings carry the information of one independent reading. */
  readonly correlationTime: number;
}

/** The quantiles of each channel, its share of the evidence, and the shifts that it bets on, in sigmas. */
const typical = {
  part: 0.7,
  quantiles: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95],
  shifts: [0.2, 0.45, 1, 2.2],
};
const tail = { part: 0.2, quantiles: [0.95], shifts: [0.35, 0.8, 1.6] };
const failures = { part: 0.1, shifts: [0.35, 0.8, 1.6] };

/** The share of outliers and of failures that is tolerated even if the baseline had none. */
const tolerated = { outliers: 0.02, failures: 0.01 };

/** The number of readings that a 0.99 quantile needs. */
const enoughForTail = 200;

/** With fewer than `some` independent readings, the lines are mostly chance; with fewer than `enough`, much is missed. */
export const fewestIndependent = { some: 10, enough: 30 };

const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 1e-6;

/** The step to which latencies seem to be rounded: 1, 0.1, 0.01 or 0.001 ms; 0 if they are not. */
function stepOf(latencies: readonly number[]): number {
  const parts = [1, 10, 100, 1_000].find((parts) => latencies.every((one) => isWhole(one * parts)));
  return parts === undefined ? 0 : 1 / parts;
}

/** Treats a latency that is negative or not a number as not measured, and an infinite one as a failure. */
export function lawOf({ latencies, failed }: Calibration): Law {
  const answered = latencies.filter((latency) => latency >= 0 && Number.isFinite(latency));
  const failures = failed + latencies.filter((latency) => latency === Number.POSITIVE_INFINITY).length;
  const sorted = Float64Array.from(answered).toSorted();
  const halfStep = stepOf(answered) / 2;
  const ascending = Float64Array.from(
    { length: sorted.length + failures },
    (_, rank) => (sorted[rank] ?? Infinity) + halfStep,
  );
  return { ascending, halfStep, correlationTime: correlationTime(answered, sorted), readings: ascending.length };
}

function channel(
  name: Channel['name'],
  lines: readonly Line[],
  part: number,
  shifts: readonly number[],
  cap: number,
  time: number,
): readonly Channel[] {
  if (lines.length === 0) return [];
  const bets = shifts.map((shift) => ({ share: part / shifts.length, factors: factorsFor(lines, shift, cap, time) }));
  return [{ name, lines: lines.map(({ at }) => at), exceeded: lines.map(({ exceeded }) => exceeded), bets }];
}

function channelsFor(law: Law, rule: WatchRule): readonly Channel[] {
  const { correlationTime, readings, ascending } = law;
  const cap = (1 / (rule.falseAlarms * largestStake(rule))) ** (1 / (rule.stallReadings + 1));
  const failed = ascending.reduce((count, value) => (value === Infinity ? count + 1 : count), 0);
  const failing = Math.max(tolerated.failures, shareAtMost((failed * readings) / ascending.length, readings));
  const failureLine = failing < 1 ? [{ at: Number.MAX_VALUE, exceeded: failing }] : [];
  const tailQuantiles = readings >= enoughForTail ? [...tail.quantiles, 0.99] : tail.quantiles;
  return [
    ...channel('typical', linesAt(typical.quantiles, law, rule), typical.part, typical.shifts, cap, correlationTime),
    ...channel(
      'tail',
      linesAt(tailQuantiles, law, rule, tolerated.outliers),
      tail.part,
      tail.shifts,
      cap,
      correlationTime,
    ),
    ...channel('failures', failureLine, failures.part, failures.shifts, cap, 1),
  ];
}

export function weightsOf(law: Law, rule: WatchRule): Weights {
  const { falseAlarms, readings, marked } = rule;
  const independentReadings = law.readings / law.correlationTime;
  const { some, enough } = fewestIndependent;
  const substance = independentReadings >= enough ? 'enough' : independentReadings >= some ? 'little' : 'none';
  return {
    channels: substance === 'none' ? [] : channelsFor(law, rule),
    falseAlarms,
    readings,
    marked,
    substance,
    baselineReadings: law.readings,
    correlationTime: law.correlationTime,
  };
}

/**
 * The lines and the worth of exceeding them. A baseline of fewer than `fewestIndependent.some` independent readings has no
 * substance: it never alarms, and the caller reports the verdict as unknown.
 */
export const calibrate = (calibration: Calibration, rule: WatchRule): Weights => weightsOf(lawOf(calibration), rule);
