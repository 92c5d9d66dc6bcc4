import type { ProbeBaseline } from '../evidence/baseline.ts';
import { median } from '../evidence/quantile.ts';
import { latencyOf, type Reading } from '../evidence/reading.ts';
import { between, type Instant, type Millis, millis, type Ratio, times } from '../kernel/units.ts';

/**
 * What counts as slower: a median of the last readings above `limit` times the baseline's, without a break for longer than
 * `sustainedFor`. Exactly the limit, and exactly so long, is not more.
 */
export interface SlowdownRule {
  readonly limit: Ratio;
  readonly sustainedFor: Millis;
}

/** How many readings the median is taken over; fewer than that is too little to say anything. */
export const windowSize = 20;

/** What one probe's readings since the marker have shown so far: the fold of `observe` over them. */
export interface Watcher {
  /** Before it nothing counts: the start of a phase, or of the watch after a rollback. */
  readonly marker: Instant;
  /** The last latencies, oldest first; a failure is infinite. */
  readonly recent: readonly number[];
  /** Since when every median has been above the limit. */
  readonly aboveSince?: Instant;
  /** How much of the time since then was seen: while the guard was blind, nobody knows how slow it was. */
  readonly aboveFor?: Millis;
  readonly lastAt?: Instant;
}

/** `current` and `ratio` are absent where most readings failed: there is no latency to name. */
export type Slowdown =
  | { readonly state: 'unknown'; readonly because: 'no-baseline' | 'too-few-readings'; readonly readings: number }
  | {
      readonly state: 'as-before' | 'slower-but-young' | 'slower';
      readonly baseline: Millis;
      readonly current?: Millis;
      readonly ratio?: Ratio;
      readonly readings: number;
      readonly since?: Instant;
    };

export const startWatcher = (marker: Instant): Watcher => ({ marker, recent: [] });

/** From one reading to the next, or nothing when they lie so far apart that the guard was blind between them. */
export function seenBetween(last: Instant | undefined, at: Instant, blindAfter: Millis): Millis {
  const passed = last === undefined ? 0 : between(last, at);
  return millis(passed <= blindAfter ? passed : 0);
}

/** 0.7 * 1.5 is a little less than 1.05 in binary: what is equal in the operators' decimals must not look like more. */
const rounding = 1 + 1e-9;

const above = (recent: readonly number[], baseline: Millis, limit: Ratio): boolean =>
  recent.length >= windowSize && (median(recent) ?? 0) > baseline * limit * rounding;

/**
 * Takes in one reading. Readings of before the marker, out of order or missing change nothing. `blindAfter` is how far two
 * readings may lie apart before the time between them counts as unseen.
 */
export function observe(
  watcher: Watcher,
  reading: Reading,
  baseline: ProbeBaseline | undefined,
  rule: SlowdownRule,
  blindAfter: Millis,
): Watcher {
  const latency = latencyOf(reading);
  const stale = reading.at < watcher.marker || (watcher.lastAt !== undefined && reading.at <= watcher.lastAt);
  if (latency === undefined || stale) return watcher;
  const recent = [...watcher.recent, latency].slice(-windowSize);
  const next = { marker: watcher.marker, recent, lastAt: reading.at };
  if (baseline?.p50 === undefined || !above(recent, baseline.p50, rule.limit)) return next;
  const { aboveSince, aboveFor, lastAt } = watcher;
  if (aboveSince === undefined) return { ...next, aboveSince: reading.at, aboveFor: millis(0) };
  return { ...next, aboveSince, aboveFor: millis((aboveFor ?? 0) + seenBetween(lastAt, reading.at, blindAfter)) };
}

export function judgeSlowdown(watcher: Watcher, baseline: ProbeBaseline | undefined, rule: SlowdownRule): Slowdown {
  const readings = watcher.recent.length;
  if (baseline?.p50 === undefined) return { state: 'unknown', because: 'no-baseline', readings };
  if (readings < windowSize) return { state: 'unknown', because: 'too-few-readings', readings };
  const current = median(watcher.recent) as Millis;
  const { aboveSince: since, aboveFor } = watcher;
  const sustained = since !== undefined && aboveFor !== undefined && aboveFor > rule.sustainedFor;
  const ratio = times(current, baseline.p50); // undefined for a baseline of 0 ms
  return {
    state: since === undefined ? 'as-before' : sustained ? 'slower' : 'slower-but-young',
    baseline: baseline.p50,
    readings,
    ...(Number.isFinite(current) && { current, ...(ratio !== undefined && { ratio }) }),
    ...(since !== undefined && { since }),
  };
}
