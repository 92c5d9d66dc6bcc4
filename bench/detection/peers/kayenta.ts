import type { Rule } from '../rule.ts';
import { shift } from './mann-whitney.ts';
import { meanOf, quantileOf } from './window.ts';

const blockSize = 50;

/** Drops values beyond three interquartile ranges from the quartiles. Sorted. */
function withoutOutliers(values: readonly number[]): Float64Array {
  const sorted = Float64Array.from(values.filter((value) => Number.isFinite(value))).toSorted();
  const [low, high] = [quantileOf(sorted, 0.25), quantileOf(sorted, 0.75)];
  const reach = 3 * (high - low);
  return sorted.filter((value) => value >= low - reach && value <= high + reach);
}

/**
 * Too high if the Mann-Whitney interval of the shift lies above a quarter of its Hodges-Lehmann estimate, and the ratio of
 * the means is at least the allowed increase.
 */
function isHigh(experiment: Float64Array, control: Float64Array, limit: number): boolean {
  if (experiment.length === 0 || control.length === 0) return false;
  if (meanOf(experiment) / meanOf(control) < limit) return false;
  const { estimate, lower } = shift(experiment, control);
  return lower > 0.25 * Math.abs(estimate);
}

/**
 * Kayenta's judge on consecutive blocks of 50 readings, each with an immediate verdict. Spinnaker's guidance is 50 points for
 * each interval and intervals of an hour, so this is far faster than its normal use.
 *
 * Source: kayenta, `NetflixACAJudge.scala` (interval of 98 %, tolerance 0.25, outliers beyond 3 interquartile ranges) and
 * `MannWhitneyClassifier.scala` (`allowedIncrease` is a ratio of means, by default 1; here the limit).
 */
export const kayenta: Rule = {
  name: 'kayenta',
  title: 'Kayenta, blocks of 50',
  start({ latencies }, _dtSeconds, { limit }) {
    const control = withoutOutliers(latencies);
    let block: number[] = [];
    return {
      take(latency) {
        if (latency !== undefined) block.push(latency);
        if (block.length < blockSize) return false;
        const experiment = withoutOutliers(block);
        block = [];
        return isHigh(experiment, control, limit);
      },
    };
  },
};
