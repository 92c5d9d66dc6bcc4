import type { Instant, Millis } from './units.ts';

/** Time as the edge sees it. `now` never goes backwards and does not jump when somebody sets the machine's clock. */
export interface Clock {
  now(): Instant;
  /** Resolves after `length`, at once when it is not positive; rejects with the signal's reason when it is aborted. */
  wait(length: Millis, signal?: AbortSignal): Promise<void>;
}
