import type { Weights } from './calibrate.ts';
import { markedStake, soonReadings } from './rule.ts';

/** What the readings since the marker have shown: the fold of `weigh` over them. Plain data, as long as there are bets. */
export interface Evidence {
  /** How many readings were due, missing ones included. */
  readonly readings: number;
  /** What each bet is worth, in the order of the channels and their bets. */
  readonly worth: readonly number[];
  /** Whether the evidence was ever strong enough. Once given, an alarm stays. */
  readonly alarmed: boolean;
}

export const begin = (weights: Weights): Evidence => ({
  readings: 0,
  worth: weights.channels.flatMap(({ bets }) => bets.map(() => 0)),
  alarmed: false,
});

/**
 * The stake that is added before the reading with this number (from 0). All stakes of a watch add up to 1, also of each
 * further one that follows without a new marker.
 */
export function stakeAt(weights: Pick<Weights, 'readings' | 'marked'>, reading: number): number {
  const { readings, marked } = weights;
  if (!marked || reading >= readings) return 1 / readings;
  const soon = soonReadings(weights);
  const first = reading === 0 ? markedStake.first : 0;
  return first + (reading < soon ? markedStake.soon / soon : 0) + markedStake.all / readings;
}

/** Far above any alarm. Worth is held below it, so that it stays a number when slowness goes on for days. */
const mostWorth = 1e100;

const isAnswer = (latency: number | undefined): latency is number => latency !== undefined && latency >= 0;

/** How many of the ascending lines the latency is above. */
export function cellOf(lines: readonly number[], latency: number): number {
  let count = lines.length;
  while (count > 0 && !(latency > (lines[count - 1] as number))) count -= 1;
  return count;
}

/** An alarm is due at 1. Where nothing is slower than the guard, it gets there in at most `falseAlarms` of the watches. */
export function strengthOf(weights: Weights, { worth }: Pick<Evidence, 'worth'>): number {
  let [sum, next] = [0, 0];
  for (const { bets } of weights.channels) {
    for (const { share } of bets) {
      sum += share * (worth[next] as number);
      next += 1;
    }
  }
  return sum * weights.falseAlarms;
}

/**
 * Takes in one reading: a latency in milliseconds, infinite for a failure, undefined where there is none, which changes
 * nothing but the time. One that is negative or no number counts as missing: it was not measured.
 */
export function weigh(weights: Weights, evidence: Evidence, latency: number | undefined): Evidence {
  const stake = stakeAt(weights, evidence.readings);
  const worth = evidence.worth.map((one) => one + stake);
  if (isAnswer(latency)) {
    let next = 0;
    for (const { lines, bets } of weights.channels) {
      const cell = cellOf(lines, latency);
      for (const { factors } of bets) {
        worth[next] = Math.min(mostWorth, (worth[next] as number) * (factors[cell] as number));
        next += 1;
      }
    }
  }
  const alarmed = evidence.alarmed || strengthOf(weights, { worth }) >= 1;
  return { readings: evidence.readings + 1, worth, alarmed };
}

/**
 * The strength of several probes together: the mean; zero for none. A mean of supermartingales is one, however they depend on
 * each other, as long as each bet still loses on average when the other probes' past readings are known as well (Vovk and
 * Wang 2021, on averaging e-values). At one fixed moment it holds without that.
 */
export const combine = (strengths: readonly number[]): number =>
  strengths.length === 0 ? 0 : strengths.reduce((sum, one) => sum + one, 0) / strengths.length;
