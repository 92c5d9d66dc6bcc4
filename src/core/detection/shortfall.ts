import type { Ratio } from '../kernel/units.ts';
import { lawOf, weightsOf } from './calibrate.ts';
import { simulate, within } from './detection-times.ts';
import type { Calibration, WatchRule } from './rule.ts';

export interface Wanted {
  readonly slowdown: Ratio;
  /** Counted from the marker; at most a watch. */
  readonly withinReadings: number;
}

/** What a baseline lacks: a number of readings, or 'never' if no number would be enough. */
export type Shortfall = { readonly moreReadings: number | 'never' };

/** The share of watches in which the wanted slowdown must be detected in time. */
const reliably = 0.95;

/** A baseline longer than this shows its law as exactly as anybody needs. */
const endless = 1_000_000;

/** The number of readings is accurate to within this share of itself. */
const precision = 0.05;

/**
 * How many more readings the baseline needs to detect the wanted slowdown in time if it begins at the marker; undefined if it
 * has enough. The model of a longer baseline has the same law with less uncertainty: the same lines and correlation, and
 * probabilities with the bounds of that many readings. 'never' if even an infinitely long one would not be enough, because
 * the latencies scatter too much or the time is too short.
 */
export function shortfall(
  calibration: Calibration,
  rule: WatchRule,
  wanted: Wanted,
  seed: number,
): Shortfall | undefined {
  const law = lawOf(calibration);
  const horizon = Math.min(wanted.withinReadings, rule.readings);
  const isEnough = (readings: number): boolean => {
    const times = simulate(calibration, weightsOf({ ...law, readings }, rule), wanted.slowdown, horizon, seed);
    return within(times, reliably) !== undefined;
  };
  if (law.readings > 0 && isEnough(law.readings)) return undefined;
  if (law.readings === 0 || !isEnough(endless)) return { moreReadings: 'never' };
  let [few, many] = [law.readings, endless];
  while (many - few > Math.max(1, few * precision)) {
    const middle = Math.ceil(Math.sqrt(few * many));
    if (isEnough(middle)) many = middle;
    else few = middle;
  }
  return { moreReadings: many - law.readings };
}
