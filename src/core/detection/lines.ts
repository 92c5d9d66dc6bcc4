import { betaQuantile } from './beta.ts';
import { countBelow } from './correlation.ts';
import type { WatchRule } from './rule.ts';

/** A baseline, sorted once, and what else is known of it. */
export interface Law {
  /** Every latency, with half a step of rounding added; failures are infinite. */
  readonly ascending: Float64Array;
  /** Half of the step to which latencies are rounded, in milliseconds. */
  readonly halfStep: number;
  /** How many readings in a row say as much as one independent one. */
  readonly correlationTime: number;
  /** How many readings there were; more than there are in `ascending` where a longer baseline is foreseen. */
  readonly readings: number;
}

export interface Line {
  /** A latency in milliseconds. Only what is above it counts. */
  readonly at: number;
  /** At most so likely is a latency above it while nothing is slower than the guard. */
  readonly exceeded: number;
}

/** The confidence with which a line's probability covers the baseline's own error. */
const confidence = 0.95;

/** An upper bound for a share of which `seen` of `all` were seen (Clopper and Pearson 1934). */
export const shareAtMost = (seen: number, all: number): number =>
  seen >= all ? 1 : betaQuantile(confidence, seen + 1, all - seen);

/** The line that the baseline's quantile `q` makes, or undefined where it has none: it is too short, or failed there. */
function lineAt(q: number, law: Law, rule: WatchRule, leastShare: number): Line | undefined {
  const { ascending, readings, correlationTime, halfStep } = law;
  const rank = Math.ceil(q * (readings + 1));
  const value = ascending[Math.ceil((rank * ascending.length) / readings) - 1];
  const top = rule.limit * (value ?? 0);
  if (rank > readings || value === undefined || !(value > 0) || !(top < Number.MAX_VALUE)) return undefined;
  const below = countBelow(ascending, value * (rule.limit / rule.guard), true);
  const seen = ((ascending.length - below) * readings) / ascending.length;
  const atLimit = (readings + 1 - rank) / (readings + 1);
  const atGuard = shareAtMost(seen / correlationTime, readings / correlationTime);
  return { at: top + halfStep, exceeded: Math.max(leastShare, atLimit, atGuard) };
}

/** A line that is exceeded no less often than one below it would only add a cell in which next to nothing is seen. */
const clearlyLess = 1 - 1e-4;

/**
 * Lines at the quantiles, ascending, each strictly higher and less likely exceeded than the one before. A probability is
 * never lowered: dropping a line costs power and keeps the guarantee.
 */
export function linesAt(quantiles: readonly number[], law: Law, rule: WatchRule, leastShare = 0): readonly Line[] {
  const lines: Line[] = [];
  for (const q of quantiles) {
    const line = lineAt(q, law, rule, leastShare);
    const last = lines.at(-1);
    if (line === undefined || line.exceeded >= 1) continue;
    if (last?.at === line.at) lines.pop();
    const before = lines.at(-1);
    if (before === undefined || line.exceeded < before.exceeded * clearlyLess) lines.push(line);
  }
  return lines;
}
