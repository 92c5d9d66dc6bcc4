import { median } from '../evidence/quantile.ts';
import type { Ratio } from '../kernel/units.ts';
import type { Weights } from './calibrate.ts';
import type { WatchRule } from './rule.ts';
import { type Evidence, weigh } from './weigh.ts';

/** Over how many of its last readings a control's slowness is measured. */
export const controlWindow = 10;

/** A reading of a control as plain data: milliseconds, a failure, or null where it is missing. */
type Seen = number | 'failed' | null;

/** What one control has shown lately: the fold of `seeControl` over its readings. Controls touch nothing that changes. */
export interface Control {
  /** The median of its baseline, in milliseconds. */
  readonly before: number;
  /** Its last readings, oldest first: as many as `controlWindow`. */
  readonly recent: readonly Seen[];
}

/** Undefined where the baseline has no median above zero: nothing can be as many times as slow as that. */
export function controlFrom(latencies: readonly number[]): Control | undefined {
  const before = median(latencies);
  return before !== undefined && before > 0 && Number.isFinite(before) ? { before, recent: [] } : undefined;
}

function seenAs(latency: number | undefined): Seen {
  if (latency === undefined || !(latency >= 0)) return null;
  return Number.isFinite(latency) ? latency : 'failed';
}

/** Takes in one due reading of a control, in the terms of `weigh`. It goes on over markers: they are not about controls. */
export function seeControl({ before, recent }: Control, latency: number | undefined): Control {
  return { before, recent: [...recent, seenAs(latency)].slice(-controlWindow) };
}

/** How many times as slow as before; infinite where it mostly fails; undefined where less than half of a window was seen. */
export function slownessOf({ before, recent }: Control): Ratio | undefined {
  const seen = recent.filter((one) => one !== null).map((one) => (one === 'failed' ? Number.POSITIVE_INFINITY : one));
  const typical = median(seen);
  if (typical === undefined || seen.length < controlWindow / 2) return undefined;
  return (typical / before) as Ratio;
}

/**
 * How many times as slow everything is just now, as far as controls can tell: the median of their slowness, the higher one of
 * two, and never below 1. Undefined, which nobody may act on, while less than half of the controls can tell.
 */
export function commonSlowness(controls: readonly Control[]): Ratio | undefined {
  const known = controls.map(slownessOf).filter((one) => one !== undefined);
  if (known.length === 0 || known.length * 2 < controls.length) return undefined;
  const ascending = known.toSorted((a, b) => a - b);
  return Math.max(1, ascending[Math.floor(ascending.length / 2)] as number) as Ratio;
}

/**
 * The rule for "slower also relative to the controls": strict, and with a longer allowance for stalls. When everything slows
 * down, controls show it only once half of their window is slow; until then it must not look like our own. `lag` is that time
 * in readings of the guarded probe.
 */
export const relativeRule = (rule: WatchRule, lag = Math.ceil(controlWindow / 2)): WatchRule => ({
  ...rule,
  guard: rule.limit,
  stallReadings: rule.stallReadings + lag,
});

/**
 * Weighs what a latency would have been without the common slowness, by weights of `relativeRule`. Dividing by 1 or more only
 * lowers evidence, so its probability of a false alarm stands. A failure stays one, unless controls fail as well: then, and
 * while the common slowness is unknown, the reading is no evidence.
 */
export function weighRelative(
  weights: Weights,
  evidence: Evidence,
  latency: number | undefined,
  common: Ratio | undefined,
): Evidence {
  const isTold = common !== undefined && Number.isFinite(common) && latency !== undefined;
  return weigh(weights, evidence, isTold ? latency / Math.max(1, common) : undefined);
}
