import type { Random } from './laws/random.ts';

/**
 * The fastest rule possible, which knows everything: that log latency is normal with this `sigma`, and that the latency will
 * have become exactly `slowdown` times as high. It must distinguish that from exactly `limit` times, which is still allowed.
 */
export interface Question {
  readonly sigma: number;
  readonly slowdown: number;
  readonly limit: number;
}

/** Counted in readings after the change. */
export interface Delay {
  readonly median: number;
  readonly p95: number;
}

/**
 * The mean effect of one reading when the slowdown is present, as a share of its standard deviation: the log likelihood ratio
 * of a reading is normal with mean `signal`^2 / 2 (minus that at the limit) and standard deviation `signal`.
 */
const signalOf = ({ sigma, slowdown, limit }: Question): number => Math.log(slowdown / limit) / sigma;

/** The mean information of a reading, in nats: Kullback and Leibler's divergence. */
export const information = (question: Question): number => signalOf(question) ** 2 / 2;

const delayOf = (times: Float64Array): Delay => {
  const sorted = times.toSorted();
  const at = (q: number) => sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
};

/** One walk of the evidence under the slowdown, until it reaches `threshold`. With `floor`, it never falls below 0 (CUSUM). */
function walk(signal: number, threshold: number, floor: boolean, { normal }: Random): { time: number; over: number } {
  const drift = (signal * signal) / 2;
  let evidence = 0;
  let time = 0;
  while (evidence < threshold) {
    evidence += drift + signal * normal();
    if (floor && evidence < 0) evidence = 0;
    time += 1;
  }
  return { time, over: evidence - threshold };
}

const meanOver = (count: number, draw: () => number): number => {
  let sum = 0;
  for (let at = 0; at < count; at += 1) sum += draw();
  return sum / count;
};

const delays = (count: number, draw: () => number): Delay => delayOf(Float64Array.from({ length: count }, draw));

/**
 * The time of the change is known: a one-sided sequential probability ratio test (A. Wald, 1947). Of all tests with this
 * chance of a false alarm, it needs the fewest readings. Its threshold solves P(alarm at the limit) = `alpha` by importance
 * sampling: under the slowdown's law that chance is the mean of exp(-evidence at the alarm), which is e^-h times the mean of
 * exp(-overshoot); the overshoot hardly depends on h (D. Siegmund, "Sequential Analysis", 1985, chapter 2).
 */
export function knownTime(question: Question, alpha: number, paths: number, random: Random): Delay {
  const signal = signalOf(question);
  const bound = Math.log(1 / alpha); // Wald's, without overshoot
  const overshoot = meanOver(paths, () => Math.exp(-walk(signal, bound, false, random).over));
  const threshold = bound + Math.log(overshoot);
  return delays(paths, () => walk(signal, threshold, false, random).time);
}

/** High enough that a walk that reaches it hardly ever returns to 0, and low enough to simulate often. */
const escaped = 8;

/** One cycle of the cumulative sum: from 0 until it is no longer above 0, or has escaped. `drift` is the drift of one reading. */
function cycle(signal: number, drift: number, { normal }: Random): { time: number; evidence: number } {
  let evidence = 0;
  let time = 0;
  do {
    evidence += drift + signal * normal();
    time += 1;
  } while (evidence > 0 && evidence < escaped);
  return { time, evidence };
}

/**
 * The threshold at which a cumulative sum gives one false alarm in `readings` on average, at the limit. The sum restarts
 * whenever it falls to 0, so the mean time is that of a cycle divided by the chance that a cycle ends at the threshold. Again
 * under the slowdown's law, that chance is the mean of exp(-evidence) over the cycles that reach the threshold.
 */
function cusumThreshold(signal: number, readings: number, cycles: number, random: Random): number {
  const drift = (signal * signal) / 2;
  const length = meanOver(cycles, () => cycle(signal, -drift, random).time);
  const reached = meanOver(cycles, () => {
    const { evidence } = cycle(signal, drift, random);
    return evidence >= escaped ? Math.exp(escaped - evidence) : 0;
  });
  return Math.log((readings * reached) / length);
}

/**
 * The time of the change is unknown: the cumulative sum of log likelihood ratios. Of all rules with this mean time between
 * false alarms, it has the smallest worst-case delay (G. V. Moustakides, "Optimal stopping times for detecting changes in
 * distributions", Annals of Statistics 14, 1986). The delay here is that after a change when the sum is 0.
 */
export function unknownTime(question: Question, readings: number, paths: number, random: Random): Delay {
  const signal = signalOf(question);
  const threshold = cusumThreshold(signal, readings, 10 * paths, random);
  return delays(paths, () => walk(signal, threshold, true, random).time);
}
