import type { Counter, Histogram, LabelValues } from 'prom-client';

/**
 * Exports a zero series for every known combination of labels before anything happens: a rate needs a sample from before the
 * first event, and an absent series looks like a metric that does not exist.
 */
export function startAtZero<Label extends string>(
  meter: Counter<Label> | Histogram<Label>,
  series: readonly LabelValues<Label>[],
): void {
  for (const labels of series) {
    if ('zero' in meter) meter.zero(labels);
    else meter.inc(labels, 0);
  }
}
