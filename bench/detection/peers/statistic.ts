import type { Calibration } from '../rule.ts';
import { meanOf, quantileOf, type Window } from './window.ts';

/** The statistic that a rule compares, of the baseline and of the last minutes. */
export interface Statistic {
  readonly ofBaseline: (calibration: Calibration) => number;
  readonly ofWindow: (window: Window) => number;
}

export const mean: Statistic = {
  ofBaseline: ({ latencies }) => meanOf(latencies),
  ofWindow: (window) => window.mean(),
};

/** Exact, whereas a histogram's buckets would only bound it. */
export const p95: Statistic = {
  ofBaseline: ({ latencies }) => quantileOf(Float64Array.from(latencies).toSorted(), 0.95),
  ofWindow: (window) => quantileOf(window.sorted(), 0.95),
};
