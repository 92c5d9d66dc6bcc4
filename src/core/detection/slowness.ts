import { latencyOf, type Reading } from '../evidence/reading.ts';
import type { Instant, Ratio } from '../kernel/units.ts';
import type { Weights } from './calibrate.ts';
import { weighRelative } from './control-probes.ts';
import type { Scales } from './scales.ts';
import { begin, type Evidence, strengthOf, weigh } from './weigh.ts';

/** How strongly the readings speak for slowness; at 1 an alarm is due. Several probes are judged by the mean. */
export interface Strengths {
  readonly grey: number;
  readonly strict: number;
  /** The same for slowness beyond that of the controls; absent where that was never known. */
  readonly beyondControls?: number;
}

/** What one probe's readings since the marker have shown: the fold of `takeReading` over them. Plain data. */
export interface Slowness {
  /** Before it nothing counts: the start or the end of a phase, or of the watch after a rollback. */
  readonly marker: Instant;
  readonly grey: Evidence;
  readonly strict: Evidence;
  readonly beyondControls: Evidence;
  /** For how many readings it was known how slow the controls were. */
  readonly readingsBesideControls: number;
  /** The latest latencies in milliseconds, oldest first; a failure is infinite. */
  readonly recent: readonly number[];
  /** When each of them was due. */
  readonly recentAt: readonly Instant[];
  /** How many readings told something. */
  readonly readings: number;
  /** Since when the readings have spoken for slowness, and how many they are. */
  readonly rising?: { readonly since: Instant; readonly readings: number };
  /** When the latest reading that told something was due. */
  readonly lastAt?: Instant;
}

/** So many of the latest latencies are kept, to say how slow it is and to see that it is well again. */
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

/** Evidence worth less than was staked speaks for nothing. */
const speaks = (weights: Weights, evidence: Evidence): boolean => strengthOf(weights, evidence) > weights.falseAlarms;

/**
 * Takes in one reading. Readings of before the marker and those out of order change nothing; but an answer that takes longer
 * than the interval comes after the readings that it made missing, and is what they waited for. `common` is how many times as
 * slow the controls are just now; undefined where nobody knows.
 */
export function takeReading(
  before: Slowness,
  reading: Reading,
  { grey, strict, relative }: Scales,
  common: Ratio | undefined,
): Slowness {
  const { lastAt, marker } = before;
  if (reading.at < marker || (lastAt !== undefined && reading.at <= lastAt)) return before;
  const latency = latencyOf(reading);
  const weighed = {
    marker,
    grey: weigh(grey, before.grey, latency),
    strict: weigh(strict, before.strict, latency),
    beyondControls: weighRelative(relative, before.beyondControls, latency, common),
    readingsBesideControls: before.readingsBesideControls + (common === undefined || latency === undefined ? 0 : 1),
  };
  if (latency === undefined) return { ...before, ...weighed };
  const { since, readings } = before.rising ?? { since: reading.at, readings: 0 };
  return {
    ...weighed,
    lastAt: reading.at,
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
