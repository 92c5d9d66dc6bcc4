import { betaQuantile } from './beta.ts';
import { countBelow } from './correlation.ts';
import type { WatchRule } from './rule.ts';

/** A sorted baseline with its properties. */
export interface Law {
  /** Every latency, with half a step of rounding added; failures are infinite. */
  readonly ascending: Float64Array;
  /** Half of the step to which latencies are rounded, in milliseconds. */
  readonly halfStep: number;
  /** How many consecutive readings carry the information of one independent reading. */
  readonly correlationTime: number;
  /** The number of readings; more than in `ascending` if a longer baseline is simulated. */
  readonly readings: number;
}

export interface Line {
  /** A latency in milliseconds. Only latencies above it count. */
  readonly at: number;
  /** An upper bound of the probability of a latency above it while nothing is slower than the guard. */
  readonly exceeded: number;
}

/** The confidence with which a line's probability covers the baseline's own error. */
const confidence = 0.95;

/** An upper bound for a share of which `seen` of `all` were seen (Clopper and Pearson 1934). */
export const shareAtMost = (seen: number, all: number): number =>
  seen >= all ? 1 : betaQuantile(confidence, seen + 1, all - seen);

/** The line at the baseline's quantile `q`; undefined if the baseline is too short or failed there. */
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

/** A line that is exceeded as often as one below it would only add a cell that almost never occurs. */
const clearlyLess = 1 - 1e-4;

/**
 * Lines at the quantiles, ascending, each strictly higher and less likely exceeded than the previous one. A probability is
 * never lowered: dropping a line costs power but keeps the guarantee.
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
