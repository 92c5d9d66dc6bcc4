import type { Ratio } from '../kernel/units.ts';

/** One probe's baseline as the rule reads it. */
export interface Calibration {
  /** Latencies of the answered readings, in milliseconds and in chronological order. */
  readonly latencies: readonly number[];
  /** The number of failed readings in addition. */
  readonly failed: number;
}

/** The requirements for one probe and one watch. */
export interface WatchRule {
  /** Slower than this multiple counts. Exactly this slow does not. */
  readonly limit: Ratio;
  /** Up to this multiple the false-alarm rate holds despite the baseline's own error; at most `limit`. */
  readonly guard: Ratio;
  /** The probability of an alarm in one watch in which nothing is slower than `guard`; above 0 and below 1. */
  readonly falseAlarms: number;
  /** The number of readings in a watch. */
  readonly readings: number;
  /** This many consecutive slow readings are a stall, and raise no alarm by themselves. */
  readonly stallReadings: number;
  /** Whether the first reading directly follows a change, which is when slowness is most likely to begin. */
  readonly marked: boolean;
}

/** The first part of a marked watch, in which an effect of the change is most likely: a minute in an hour. */
export const soonReadings = (rule: Pick<WatchRule, 'readings'>): number => Math.max(1, Math.ceil(rule.readings / 60));

/** How a marked watch distributes its stake of 1: on the first reading, evenly over those soon after it, evenly over all. */
export const markedStake = { first: 0.5, soon: 0.2, all: 0.3 };

/** The largest stake on a single reading. */
export const largestStake = (rule: Pick<WatchRule, 'readings' | 'marked'>): number =>
  rule.marked ? markedStake.first : 1 / rule.readings;
