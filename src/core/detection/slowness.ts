import { isUnreached, latencyOf, type Reading } from '../evidence/reading.ts';
import type { Instant, Ratio } from '../kernel/units.ts';
import type { Weights } from './calibrate.ts';
import { weighRelative } from './control-probes.ts';
import type { Scales } from './scales.ts';
import { begin, type Evidence, strengthOf, weigh } from './weigh.ts';

/** How strongly the readings indicate slowness; an alarm is due at 1. Several probes are judged by the mean. */
export interface Strengths {
  readonly grey: number;
  readonly strict: number;
  /** The same for slowness beyond that of the controls; absent if that was never known. */
  readonly beyondControls?: number;
}

/** The evidence of one probe's readings since the marker: the fold of `takeReading`. Plain data. */
export interface Slowness {
  /** Earlier readings do not count: the start or end of a phase, or of the watch after a rollback. */
  readonly marker: Instant;
  readonly grey: Evidence;
  readonly strict: Evidence;
  readonly beyondControls: Evidence;
  /** The number of readings for which the controls' slowness was known. */
  readonly readingsBesideControls: number;
  /** The latest latencies in milliseconds, oldest first; a failure is infinite. */
  readonly recent: readonly number[];
  /** When each of them was due. */
  readonly recentAt: readonly Instant[];
  /** The number of readings that were evidence. */
  readonly readings: number;
  /** Since when the readings have indicated slowness, and their number. */
  readonly rising?: { readonly since: Instant; readonly readings: number };
  /** When the latest reading that was evidence was due. */
  readonly lastAt?: Instant;
  /** When the latest reading that got no connection was due. */
  readonly unreachedAt?: Instant;
}

/** The number of latencies to keep, for describing the slowness and for detecting a recovery. */
export const kept = 120;

export const startSlowness = (marker: Instant, { grey, strict, relative }: Scales): Slowness => ({
  marker,
  grey: begin(grey),
  strict: begin(strict),
  beyondControls: begin(relative),
  readingsBesideControls: 0,
  recent: [],
  recentAt: [],
  readings: 0,
});

/** Evidence worth less than its stake indicates nothing. */
const speaks = (weights: Weights, evidence: Evidence): boolean => strengthOf(weights, evidence) > weights.falseAlarms;

/**
 * Adds one reading. Readings from before the marker and out-of-order readings change nothing, with one exception: an answer
 * that takes longer than the interval arrives after the readings that it made missing, and they waited for it. `common`: the
 * current slowdown of the controls, as a ratio; undefined if unknown. A reading that got no connection is no evidence that
 * the probe is surely slower.
 */
export function takeReading(
  before: Slowness,
  reading: Reading,
  { grey, strict, relative }: Scales,
  common: Ratio | undefined,
): Slowness {
  const { lastAt, marker, unreachedAt } = before;
  if (reading.at < marker || (lastAt !== undefined && reading.at <= lastAt)) return before;
  const latency = latencyOf(reading);
  const sure = isUnreached(reading) ? undefined : latency;
  const weighed = {
    marker,
    grey: weigh(grey, before.grey, latency),
    strict: weigh(strict, before.strict, sure),
    beyondControls: weighRelative(relative, before.beyondControls, sure, common),
    readingsBesideControls: before.readingsBesideControls + (common === undefined || latency === undefined ? 0 : 1),
  };
  if (latency === undefined) return { ...before, ...weighed };
  const { since, readings } = before.rising ?? { since: reading.at, readings: 0 };
  return {
    ...weighed,
    lastAt: reading.at,
    ...(isUnreached(reading) ? { unreachedAt: reading.at } : unreachedAt !== undefined && { unreachedAt }),
    recent: [...before.recent.slice(1 - kept), latency],
    recentAt: [...before.recentAt.slice(1 - kept), reading.at],
    readings: before.readings + 1,
    ...(speaks(grey, weighed.grey) && { rising: { since, readings: readings + 1 } }),
  };
}

export const strengthsOf = (slowness: Slowness, { grey, strict, relative }: Scales): Strengths => ({
  grey: strengthOf(grey, slowness.grey),
  strict: strengthOf(strict, slowness.strict),
  ...(slowness.readingsBesideControls > 0 && { beyondControls: strengthOf(relative, slowness.beyondControls) }),
});
