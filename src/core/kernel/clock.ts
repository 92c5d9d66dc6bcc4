import type { Instant, Millis } from './units.ts';

/** Time as the edge sees it. `now` never goes backwards and does not jump when somebody sets the machine's clock. */
export interface Clock {
  now(): Instant;
  /** Resolves after `length`, at once when it is not positive; rejects with the signal's reason when it is aborted. */
  wait(length: Millis, signal?: AbortSignal): Promise<void>;
}

/** The guard's own clock, which is compared with the machine's others. */
export interface GuardClock extends Clock {
  /** How far the wall clock is ahead of `now`; negative where it is behind. */
  offset(): Millis;
  /** How far the latest of the machine's clocks is ahead of `now`, never negative: the wall clock, and the uptime. */
  ahead(): Millis;
}

/**
 * How long the machine had been up at a moment. Nobody sets that counter, and it goes on while no guard runs: within one
 * boot it tells how long ago the moment was, whatever the wall clock shows.
 */
export interface UptimeMark {
  readonly boot: string;
  readonly up: Millis;
  readonly at: Instant;
}
