import { between, type Instant, type Millis, millis, seconds } from '../core/kernel/units.ts';

/**
 * How often one address may come with a token that is none. A good token is never counted nor held up, whoever else fails
 * at the same address, such as a proxy's: 256 random bits need no help against guessing. What is spared is the log, and
 * the work of strangers.
 */
export interface Failures {
  /** Counts one. Undefined while it is within the limit, else how long to wait. */
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
      buckets.delete(address); // those that failed last stand last
      buckets.set(address, { left: isOver ? left : left - 1, at });
      const [oldest] = buckets.keys();
      if (buckets.size > addresses && oldest !== undefined) buckets.delete(oldest);
      return isOver ? millis((1 - left) * each) : undefined;
    },
  };
}
