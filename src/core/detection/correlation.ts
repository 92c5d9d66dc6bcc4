import { normalQuantile } from './normal.ts';

/** How many of the ascending values are below `value` (`orEqual`: or equal to it). */
export function countBelow(ascending: Float64Array | readonly number[], value: number, orEqual = false): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = ascending[middle] as number;
    if (at < value || (orEqual && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The normal score of each value's rank, in chronological order; equal values share the middle of their ranks. */
function normalScores(values: readonly number[], ascending: Float64Array): Float64Array {
  const scoreOf = new Map<number, number>();
  return Float64Array.from(values, (value) => {
    const known = scoreOf.get(value);
    if (known !== undefined) return known;
    const middleRank = (countBelow(ascending, value) + countBelow(ascending, value, true)) / 2;
    const score = normalQuantile(middleRank / ascending.length);
    scoreOf.set(value, score);
    return score;
  });
}

function sumOfProducts(scores: Float64Array, lag: number): number {
  let sum = 0;
  for (let index = lag; index < scores.length; index += 1) {
    sum += (scores[index] as number) * (scores[index - lag] as number);
  }
  return sum;
}

/** Correlation over more readings is ignored, which bounds the work for baselines that drift. */
const longestLag = 500;

/**
 * How many consecutive readings carry the information of one independent reading; at least 1. One plus twice the sum of the
 * leading autocorrelations of the normal scores that stand out from chance (more than two standard errors, Bartlett 1946),
 * and at least (1 + r) / (1 - r), which is exact if each reading depends only on the one before it. Values are in
 * chronological order.
 */
export function correlationTime(values: readonly number[], ascending: Float64Array): number {
  const scores = normalScores(values, ascending);
  const power = sumOfProducts(scores, 0);
  if (!(power > 0)) return 1;
  const chance = 2 / Math.sqrt(scores.length);
  const first = Math.max(0, sumOfProducts(scores, 1) / power);
  let sum = 0;
  for (let lag = 1; lag <= Math.min(longestLag, scores.length - 1); lag += 1) {
    const correlation = sumOfProducts(scores, lag) / power;
    if (correlation <= chance) break;
    sum += correlation;
  }
  return Math.max(1 + 2 * sum, (1 + first) / (1 - first));
}
