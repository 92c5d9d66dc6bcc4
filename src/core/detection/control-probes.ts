import { median } from '../evidence/quantile.ts';
import type { Ratio } from '../kernel/units.ts';
import type { Weights } from './calibrate.ts';
import type { WatchRule } from './rule.ts';
import { type Evidence, weigh } from './weigh.ts';

/** The number of recent readings over which a control's slowness is measured. */
export const controlWindow = 10;

/** A reading of a control as plain data: milliseconds, a failure, or null if it is missing. */
type Seen = number | 'failed' | null;

/** The recent readings of one control: the fold of `seeControl`. Controls touch nothing that the phases change. */
export interface Control {
  /** The median of its baseline, in milliseconds. */
  readonly before: number;
  /** Its last readings, oldest first: as many as `controlWindow`. */
  readonly recent: readonly Seen[];
}

/** Undefined if the median of the baseline is zero, because no ratio to it exists. */
export function controlFrom(latencies: readonly number[]): Control | undefined {
  const before = median(latencies);
  return before !== undefined && before > 0 && Number.isFinite(before) ? { before, recent: [] } : undefined;
}

function seenAs(latency: number | undefined): Seen {
  if (latency === undefined || !(latency >= 0)) return null;
  return Number.isFinite(latency) ? latency : 'failed';
}

/** Adds one due reading of a control, in the terms of `weigh`. Markers do not interrupt it: they do not affect controls. */
export function seeControl({ before, recent }: Control, latency: number | undefined): Control {
  return { before, recent: [...recent, seenAs(latency)].slice(-controlWindow) };
}

/** The slowdown compared with the baseline; infinite if it mostly fails; undefined if less than half of a window was seen. */
export function slownessOf({ before, recent }: Control): Ratio | undefined {
  const seen = recent.filter((one) => one !== null).map((one) => (one === 'failed' ? Number.POSITIVE_INFINITY : one));
  const typical = median(seen);
  if (typical === undefined || seen.length < controlWindow / 2) return undefined;
  return (typical / before) as Ratio;
}

/**
 * The current slowdown that all probes share, according to the controls: their median, the higher one of two, and never below
 * 1. Undefined while less than half of the controls can tell; nobody may act on that.
 */
export function commonSlowness(controls: readonly Control[]): Ratio | undefined {
  const known = controls.map(slownessOf).filter((one) => one !== undefined);
  if (known.length === 0 || known.length * 2 < controls.length) return undefined;
  const ascending = known.toSorted((a, b) => a - b);
  return Math.max(1, ascending[Math.floor(ascending.length / 2)] as number) as Ratio;
}

/**
 * The rule for "slower also relative to the controls": strict, and with a longer allowance for stalls. If everything slows
 * down, controls show it only once half of their window is slow; until then it must not look like the change's own slowness.
 * `lag` is that time in readings of the guarded probe.
 */
export const relativeRule = (rule: WatchRule, lag = Math.ceil(controlWindow / 2)): WatchRule => ({
  ...rule,
  guard: rule.limit,
  stallReadings: rule.stallReadings + lag,
});

/**
 * Weighs what a latency would have been without the common slowness, by weights of `relativeRule`. Dividing by 1 or more only
 * lowers evidence, so the probability of a false alarm still holds. A failure stays one unless controls fail as well: then,
 * and while the common slowness is unknown, the reading is no evidence.
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
