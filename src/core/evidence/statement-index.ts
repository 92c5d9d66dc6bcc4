import type { ProbeId } from '../kernel/ids.ts';
import { measured, type Millis } from '../kernel/units.ts';
import { latencySummary, type ProbeBaseline } from './baseline.ts';
import { median } from './quantile.ts';
import type { StatementMix, StatementWeight } from './statement-mix.ts';
import { type Count, type StatementInterval, together } from './statements.ts';

/** The share of the baseline's calls that makes an interval count. With 1, every second interval of a steady load would merge. */
const enoughCalls = 0.8;
/** The share of the baseline's time that the statements which ran must cover: one small statement does not speak for all. */
const enoughTime = 0.5;

const timeOf = (weights: readonly StatementWeight[]): number =>
  weights.reduce((sum, { share, mean }) => sum + share * mean, 0);

const callsOf = (interval: StatementInterval, weights: readonly StatementWeight[]): number =>
  weights.reduce((sum, { statement }) => sum + (interval.ran.get(statement)?.calls ?? 0), 0);

/**
 * How long a call of the baseline's mix takes now, in milliseconds:
 *
 *     sum(share * mean in the baseline) * sum(share * mean now) / sum(share * mean in the baseline)
 *
 * The first sum covers all statements, the other two cover those that ran (a Laspeyres index, which weights prices by the
 * quantities of the base period). Statements that did not run are assumed to have changed like the others: if they were left
 * out of the numerator alone, or kept at their old mean, a change of mix would look like a change of speed.
 *
 * Undefined if too little ran to tell.
 */
export function mixLatency(interval: StatementInterval, { weights, calls }: StatementMix): Millis | undefined {
  const present = weights.filter(({ statement }) => interval.ran.has(statement));
  const [whole, before] = [timeOf(weights), timeOf(present)];
  if (callsOf(interval, weights) < enoughCalls * calls || before <= 0 || before < enoughTime * whole) return undefined;
  const now = present.reduce((sum, { statement, share }) => {
    const { calls: times, ms } = interval.ran.get(statement) ?? { calls: 1, ms: 0 };
    return sum + (share * ms) / times;
  }, 0);
  return measured((whole * now) / before);
}

/** The result of adding an interval to earlier ones that were too small on their own. */
export type Gathered =
  | { readonly state: 'told'; readonly latency: Millis }
  | { readonly state: 'too-little'; readonly pending: StatementInterval }
  /** The server lost some of the statistics that count. */
  | { readonly state: 'lost' };

export function gather(pending: StatementInterval | undefined, next: StatementInterval, mix: StatementMix): Gathered {
  if (mix.weights.some(({ statement }) => next.lost.has(statement))) return { state: 'lost' };
  const all = together(pending, next);
  const latency = mixLatency(all, mix);
  return latency === undefined ? { state: 'too-little', pending: all } : { state: 'told', latency };
}

/** The statements with the most time in all intervals, and their shares of the calls. */
function mixOf(intervals: readonly StatementInterval[], top: number): StatementMix {
  const { ran } = intervals.reduce<StatementInterval>(together, { ran: new Map<string, Count>(), lost: new Set() });
  const heaviest = [...ran].toSorted(([, a], [, b]) => b.ms - a.ms).slice(0, top);
  const calls = heaviest.reduce((sum, [, count]) => sum + count.calls, 0);
  const weights = heaviest.map(([statement, count]) => ({
    statement,
    share: count.calls / calls,
    mean: count.ms / count.calls,
  }));
  const perInterval = intervals.map((interval) => callsOf(interval, weights)).filter((count) => count > 0);
  return { weights, calls: median(perInterval) ?? 0 };
}

/** Summarises the intervals of a capture: first the mix, then each latency as later readings will compute it with that mix. */
export function statementBaseline(probe: ProbeId, intervals: readonly StatementInterval[], top: number): ProbeBaseline {
  const statements = mixOf(intervals, top);
  const latencies: Millis[] = [];
  let pending: StatementInterval | undefined;
  for (const interval of intervals) {
    const gathered = gather(pending, interval, statements);
    pending = gathered.state === 'too-little' ? gathered.pending : undefined;
    if (gathered.state === 'told') latencies.push(gathered.latency);
  }
  return { probe, ...latencySummary(latencies), missing: intervals.length - latencies.length, statements };
}
