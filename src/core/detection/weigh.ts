import type { Weights } from './calibrate.ts';
import { markedStake, soonReadings } from './rule.ts';

/** The evidence of the readings since the marker: the fold of `weigh`. Plain data with one entry per bet. */
export interface Evidence {
  /** The number of due readings, including missing ones. */
  readonly readings: number;
  /** The worth of each bet, in the order of the channels and their bets. */
  readonly worth: readonly number[];
  /** Whether the evidence was ever strong enough. An alarm remains. */
  readonly alarmed: boolean;
}

export const begin = (weights: Weights): Evidence => ({
  readings: 0,
  worth: weights.channels.flatMap(({ bets }) => bets.map(() => 0)),
  alarmed: false,
});

/**
 * The stake that is added before the reading with this number (from 0). The stakes of a watch add up to 1, and so do those of
 * each further watch that follows without a new marker.
 */
export function stakeAt(weights: Pick<Weights, 'readings' | 'marked'>, reading: number): number {
  const { readings, marked } = weights;
  if (!marked || reading >= readings) return 1 / readings;
  const soon = soonReadings(weights);
  const first = reading === 0 ? markedStake.first : 0;
  return first + (reading < soon ? markedStake.soon / soon : 0) + markedStake.all / readings;
}

/** Far above any alarm. Caps the worth, so that it stays finite when slowness lasts for days. */
const mostWorth = 1e100;

const isAnswer = (latency: number | undefined): latency is number => latency !== undefined && latency >= 0;

/** The number of ascending lines that the latency exceeds. */
export function cellOf(lines: readonly number[], latency: number): number {
  let count = lines.length;
  while (count > 0 && !(latency > (lines[count - 1] as number))) count -= 1;
  return count;
}

/** An alarm is due at 1. If nothing is slower than the guard, at most `falseAlarms` of the watches reach it. */
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
 * Adds one reading: a latency in milliseconds, infinite for a failure. Undefined means no reading and only advances the time.
 * A latency that is negative or not a number was not measured, and counts as missing.
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
 * Wang 2021, on averaging e-values). At one fixed moment it holds without that condition.
 */
export const combine = (strengths: readonly number[]): number =>
  strengths.length === 0 ? 0 : strengths.reduce((sum, one) => sum + one, 0) / strengths.length;
