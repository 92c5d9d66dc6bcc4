import { between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';

/**
 * Limits how often one address may fail with an invalid token. A valid token is neither counted nor delayed, even if others
 * fail at the same address, such as a proxy's: 256 random bits need no protection against guessing. The limit protects the
 * log and bounds the work for strangers.
 */
export interface Failures {
  /** Counts one failure. Returns undefined within the limit, otherwise how long to wait. */
  note(address: string): Millis | undefined;
}

interface Bucket {
  readonly left: number;
  readonly at: Instant;
}

const defaults = { burst: 20, each: seconds(1), addresses: 1_000 };

export function limitFailures(now: () => Instant, { burst, each, addresses } = defaults): Failures {
  const buckets = new Map<string, Bucket>();
  return {
    note(address) {
      const at = now();
      const before = buckets.get(address) ?? { left: burst, at };
      const gained = Math.max(0, between(before.at, at)) / each;
      const left = Math.min(burst, before.left + gained);
      const isOver = left < 1;
      buckets.delete(address); // keeps the most recent failure last
      buckets.set(address, { left: isOver ? left : left - 1, at });
      const [oldest] = buckets.keys();
      if (buckets.size > addresses && oldest !== undefined) buckets.delete(oldest);
      return isOver ? millis((1 - left) * each) : undefined;
    },
  };
}
