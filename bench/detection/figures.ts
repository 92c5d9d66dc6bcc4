import type { Outcome } from './trial.ts';

/** An outcome in figures. Delays are in readings, and absent if too many watches missed the change. */
export interface Figures {
  readonly rule: string;
  readonly watches: number;
  readonly early: number;
  /** Watches that alarmed at or after the change. */
  readonly alarms: number;
  readonly median?: number;
  readonly p95?: number;
}

/** Of the watches that did not alarm early; a watch without an alarm counts as infinitely long. */
function delayAt(q: number, sorted: readonly number[], counted: number): number | undefined {
  return sorted[Math.ceil(q * counted) - 1];
}

export function figuresOf(outcomes: readonly Outcome[]): Figures {
  const watches = outcomes.reduce((sum, one) => sum + one.watches, 0);
  const early = outcomes.reduce((sum, one) => sum + one.early, 0);
  const sorted = outcomes.flatMap(({ delays }) => delays).toSorted((a, b) => a - b);
  const median = delayAt(0.5, sorted, watches - early);
  const p95 = delayAt(0.95, sorted, watches - early);
  return {
    rule: outcomes[0]?.rule ?? 'none',
    watches,
    early,
    alarms: sorted.length,
    ...(median !== undefined && { median }),
    ...(p95 !== undefined && { p95 }),
  };
}

/** The share of watches that alarmed. */
export const alarmShare = ({ alarms, watches }: Pick<Figures, 'alarms' | 'watches'>): number => alarms / watches;

/** Of the watches that did not alarm early, the share that never alarmed. */
export const missedShare = ({ alarms, watches, early }: Figures): number => 1 - alarms / (watches - early);

const hoursInAWeek = 168;
/** Alarms per week of watching, hour by hour, if this share of hours alarms. */
export const perWeek = (share: number): number => hoursInAWeek * share;

/** The chance of at most `successes` in `trials`, in logarithms so that ten thousand trials do not underflow. */
function atMost(successes: number, trials: number, share: number): number {
  let log = trials * Math.log1p(-share);
  let sum = Math.exp(log);
  for (let count = 1; count <= successes; count += 1) {
    log += Math.log((trials - count + 1) / count) + Math.log(share / (1 - share));
    sum += Math.exp(log);
  }
  return sum;
}

/**
 * The upper bound of the share with 95 % confidence, one-sided, given that only so many were seen: C. J. Clopper and E. S.
 * Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934. For zero it is close to 3 / `trials`.
 */
export function upperBound(successes: number, trials: number): number {
  if (successes >= trials) return 1;
  let [low, high] = [successes / trials, 1];
  for (let halvings = 0; halvings < 60; halvings += 1) {
    const middle = (low + high) / 2;
    if (atMost(successes, trials, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}
