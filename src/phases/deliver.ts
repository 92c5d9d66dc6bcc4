import pRetry from 'p-retry';

import type { Clock } from '../core/kernel/clock.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import type { Millis } from '../core/kernel/units.ts';
import { PhaseRefused } from './errors.ts';
import { betweenBeats } from './keep-lease.ts';

export interface DeliveryOptions {
  readonly clock: Clock;
  /** How long to retry. */
  readonly lease: Millis;
  readonly giveUp: AbortSignal;
}

async function answered(report: () => Promise<void>, clock: Clock, patience: Millis): Promise<void> {
  const over = new AbortController();
  const tooLong = clock.wait(patience, over.signal).then(() => {
    throw new Error(`no answer within ${sayDuration(patience)}`);
  });
  await Promise.race([report(), tooLong]).finally(() => over.abort());
}

/** Retries a report until the guard accepts it. Rejects with the last error after the lease, or at once on a refusal. */
export async function deliver(report: () => Promise<void>, { clock, lease, giveUp }: DeliveryOptions): Promise<void> {
  await pRetry(() => answered(report, clock, betweenBeats(lease)), {
    retries: Infinity,
    minTimeout: 100,
    maxTimeout: 2_000,
    maxRetryTime: lease,
    signal: giveUp,
    shouldRetry: ({ error }) => !(error instanceof PhaseRefused),
  });
}
