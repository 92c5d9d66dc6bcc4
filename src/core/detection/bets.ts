import type { Line } from './lines.ts';
import { normalBelow, normalQuantile } from './normal.ts';

/** A bet that readings have shifted upwards. */
export interface Bet {
  /** Its share of the whole evidence. */
  readonly share: number;
  /** By the number of lines that a reading exceeds: the factor for the bet's worth. On average at most 1 below the guard. */
  readonly factors: readonly number[];
}

/** The probabilities that exactly 0, 1, 2.. of the lines are exceeded. */
function cells(exceeded: readonly number[]): readonly number[] {
  const bounds = [1, ...exceeded, 0];
  return bounds.slice(1).map((bound, index) => (bounds[index] as number) - bound);
}

/**
 * `min(c * ratio, cap)` with the c for which the average is 1: the other cells get what the cap takes from the high ones.
 * Cells are capped from the highest down, because ratios ascend.
 */
function capped(likely: readonly number[], ratios: readonly number[], cap: number): readonly number[] {
  for (let uncapped = ratios.length; uncapped > 0; uncapped -= 1) {
    const sum = likely.slice(0, uncapped).reduce((so, part, index) => so + part * (ratios[index] as number), 0);
    const taken = cap * likely.slice(uncapped).reduce((so, part) => so + part, 0);
    const c = (1 - taken) / sum;
    if (c * (ratios[uncapped - 1] as number) <= cap) return ratios.map((ratio) => Math.min(c * ratio, cap));
  }
  return ratios.map(() => 1);
}

/**
 * The likelihood ratio of "shifted up by `shift` standard deviations" for normal scores of a reading, by the number of lines
 * exceeded. No factor is above `cap` (more than 1), so that a stall has to last. Then its `correlationTime`-th root is taken,
 * because that many readings carry the information of one.
 */
export function factorsFor(
  lines: readonly Line[],
  shift: number,
  cap: number,
  correlationTime: number,
): readonly number[] {
  const before = cells(lines.map(({ exceeded }) => exceeded));
  const shifted = cells(lines.map(({ exceeded }) => normalBelow(normalQuantile(exceeded) + shift)));
  const ratios = shifted.map((part, index) => part / (before[index] as number));
  return capped(before, ratios, cap ** correlationTime).map((factor) => factor ** (1 / correlationTime));
}
