import type { Rule } from '../rule.ts';
import { mean, p95, type Statistic } from './statistic.ts';
import { clockOf, windowOf } from './window.ts';

/** The interval of Prometheus' example configuration; its default is one minute, and slower. */
const evaluationSeconds = 15;
const windowSeconds = 300;

/**
 * An alerting rule: `statistic[5m] > limit * baseline`, `for` some minutes. It fires when the condition has held at every
 * evaluation for at least `for`.
 *
 * Source: prometheus.io/docs/prometheus/latest/configuration/alerting_rules, whose example is
 * `job:request_latency_seconds:mean5m > 0.5` for 10 minutes: twice the longest `for` used here.
 */
const rule = (name: string, title: string, statistic: Statistic, forSeconds: number): Rule => ({
  name,
  title,
  start(calibration, dtSeconds, { limit }) {
    const line = limit * statistic.ofBaseline(calibration);
    const window = windowOf(windowSeconds, dtSeconds, calibration);
    const isDue = clockOf(evaluationSeconds, dtSeconds);
    let heldSeconds: number | undefined;
    return {
      take(latency) {
        window.push(latency);
        if (!isDue()) return false;
        if (statistic.ofWindow(window) > line) {
          heldSeconds = heldSeconds === undefined ? 0 : heldSeconds + evaluationSeconds;
        } else heldSeconds = undefined;
        return heldSeconds !== undefined && heldSeconds >= forSeconds;
      },
    };
  },
});

export const prometheus: readonly Rule[] = [
  rule('prometheus-mean-1m', 'Prometheus mean 5m, for 1m', mean, 60),
  rule('prometheus-mean-5m', 'Prometheus mean 5m, for 5m', mean, 300),
  rule('prometheus-p95-1m', 'Prometheus p95 5m, for 1m', p95, 60),
  rule('prometheus-p95-5m', 'Prometheus p95 5m, for 5m', p95, 300),
];
