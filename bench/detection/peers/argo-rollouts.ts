import type { Rule } from '../rule.ts';
import { p95 } from './statistic.ts';
import { clockOf, windowOf } from './window.ts';

/**
 * An analysis of the p95 over the last minute, measured once a minute. It fails when more measurements have failed than
 * `failureLimit` allows. So with 3 the fourth failure counts, however many good measurements lie in between.
 *
 * Source: argo-rollouts, `analysis/analysis.go` (a metric fails when its count of failed measurements is above
 * `failureLimit`), and the field's documentation: "the maximum number of times the measurement is allowed to fail, before the
 * entire metric is considered failed (default: 0)".
 */
const rule = (failureLimit: number): Rule => ({
  name: `argo-${failureLimit}`,
  title: `Argo Rollouts p95 1m, failureLimit ${failureLimit}`,
  start(calibration, dtSeconds, { limit }) {
    const line = limit * p95.ofBaseline(calibration);
    const window = windowOf(60, dtSeconds, calibration);
    const isDue = clockOf(60, dtSeconds);
    let failures = 0;
    return {
      take(latency) {
        window.push(latency);
        if (isDue() && p95.ofWindow(window) > line) failures += 1;
        return failures > failureLimit;
      },
    };
  },
});

export const argoRollouts: readonly Rule[] = [rule(0), rule(3)];
