import type { Ratio } from '../kernel/units.ts';

/** One probe's baseline as the rule reads it. */
export interface Calibration {
  /** Latencies of the answered readings, in milliseconds and in the order of time. */
  readonly latencies: readonly number[];
  /** How many readings failed beside them. */
  readonly failed: number;
}

/** What is asked of the rule, for one probe and one watch. */
export interface WatchRule {
  /** Slower than this many times counts. Exactly so slow does not. */
  readonly limit: Ratio;
  /** Up to this many times slower the false-alarm rate is kept in spite of the baseline's own error; at most `limit`. */
  readonly guard: Ratio;
  /** The probability of an alarm in one watch in which nothing is slower than `guard`; above 0 and below 1. */
  readonly falseAlarms: number;
  /** How many readings a watch has. */
  readonly readings: number;
  /** So many slow readings in a row are a stall, and do not fire by themselves. */
  readonly stallReadings: number;
  /** Whether the first reading is the first one after a change, which is when slowness most likely begins. */
  readonly marked: boolean;
}

/** The first part of a marked watch, in which an effect of the change is still more likely than later: a minute in an hour. */
export const soonReadings = (rule: Pick<WatchRule, 'readings'>): number => Math.max(1, Math.ceil(rule.readings / 60));

/** How a marked watch spreads its stake of 1: on the first reading, evenly over those soon after it, evenly over all. */
export const markedStake = { first: 0.5, soon: 0.2, all: 0.3 };

/** The largest stake that is laid on one reading. */
export const largestStake = (rule: Pick<WatchRule, 'readings' | 'marked'>): number =>
  rule.marked ? markedStake.first : 1 / rule.readings;
