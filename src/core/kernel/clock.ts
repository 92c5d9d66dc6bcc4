import type { Instant, Millis } from './units.ts';

/** Time for the outer layers. `now` never goes backwards, and does not jump when somebody sets the machine's clock. */
export interface Clock {
  now(): Instant;
  /** Resolves after `length`, or at once if it is not positive; rejects with the signal's reason on abort. */
  wait(length: Millis, signal?: AbortSignal): Promise<void>;
}

/** The guard's own clock, which is compared with the machine's other clocks. */
export interface GuardClock extends Clock {
  /** How far the wall clock is ahead of `now`; negative if it is behind. */
  offset(): Millis;
  /** How far the latest of the machine's clocks (wall clock, uptime) is ahead of `now`; never negative. */
  ahead(): Millis;
}

/**
 * The machine's uptime at a moment. Nobody can set this counter, and it continues while no guard runs: within one boot it
 * tells how long ago the moment was, whatever the wall clock shows.
 */
export interface UptimeMark {
  readonly boot: string;
  readonly up: Millis;
  readonly at: Instant;
}
