import { median } from '../../../src/core/evidence/quantile.ts';
import type { Rule } from '../rule.ts';

/** The default of `failure-threshold`. */
const failureThreshold = 3;

/**
 * `[RESPONSE_TIME] <= limit * baseline median` is false three times in a row. A failed request counts as false.
 *
 * Source: gatus, `watchdog/alerting.go` (failures in a row, reset by a success) and README (`failure-threshold`, default 3).
 * Its default interval is 60 s; here it evaluates every reading, which is faster.
 */
export const gatus: Rule = {
  name: 'gatus',
  title: 'Gatus, 3 in a row',
  start({ latencies }, _dtSeconds, { limit }) {
    const line = limit * (median(latencies) ?? Number.POSITIVE_INFINITY);
    let failures = 0;
    return {
      take(latency) {
        if (latency !== undefined) failures = latency > line ? failures + 1 : 0;
        return failures >= failureThreshold;
      },
    };
  },
};
