import { median } from '../../../src/core/evidence/quantile.ts';
import type { Rule } from '../rule.ts';

const size = 20;
const sustainedSeconds = 10;

/** Ripcord's first rule (decision 0019): the median of the last 20 readings is above the limit for longer than 10 s. */
export const medianOfTwenty: Rule = {
  name: 'median-of-twenty',
  title: 'median of 20, for 10 s',
  start({ latencies }, dtSeconds, { limit, markedAt = 0 }) {
    const line = limit * (median(latencies) ?? Number.POSITIVE_INFINITY);
    const isSlow: boolean[] = [];
    let before = markedAt;
    let aboveReadings = 0;
    return {
      take(latency) {
        before -= 1;
        if (latency === undefined || before >= 0) return false;
        isSlow.push(latency > line);
        if (isSlow.length > size) isSlow.shift();
        // The median, the tenth of twenty, is above the limit when eleven readings are.
        const slow = isSlow.reduce((count, is) => (is ? count + 1 : count), 0);
        const isAbove = isSlow.length === size && slow > size / 2;
        aboveReadings = isAbove ? aboveReadings + 1 : 0;
        return (aboveReadings - 1) * dtSeconds > sustainedSeconds;
      },
    };
  },
};
