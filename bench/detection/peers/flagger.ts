import type { Rule } from '../rule.ts';
import { p95 } from './statistic.ts';
import { clockOf, windowOf } from './window.ts';

/**
 * A canary analysis of the p95 over the last minute, checked once a minute. It fails with the `threshold`-th failed check.
 * The count is often described as "in a row", but only a new revision resets it; a good check does not.
 *
 * Source: flagger, `pkg/controller/scheduler.go`: a failed `runAnalysis` adds one to `FailedChecks`, and the rollback happens
 * when `FailedChecks >= threshold`. There it happens at the next check, a minute later; here immediately, in flagger's
 * favour.
 */
const rule = (threshold: number): Rule => ({
  name: `flagger-${threshold}`,
  title: `Flagger p95 1m, threshold ${threshold}`,
  start(calibration, dtSeconds, { limit }) {
    const line = limit * p95.ofBaseline(calibration);
    const window = windowOf(60, dtSeconds, calibration);
    const isDue = clockOf(60, dtSeconds);
    let failedChecks = 0;
    return {
      take(latency) {
        window.push(latency);
        if (isDue() && p95.ofWindow(window) > line) failedChecks += 1;
        return failedChecks >= threshold;
      },
    };
  },
});

export const flagger: readonly Rule[] = [rule(5), rule(10)];
