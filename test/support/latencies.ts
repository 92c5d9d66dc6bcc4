import { normalQuantile } from '../../src/core/detection/normal.ts';
import { randomFrom } from '../../src/core/detection/random.ts';

/** How latencies scatter: the standard deviation of their logarithm, and how much of one's is left in the next one. */
export interface Scatter {
  readonly sigma: number;
  readonly correlation?: number;
}

/**
 * An endless row of lognormal latencies around a median of 10 ms, to the microsecond; the same for the same seed. Neighbours
 * correlate by `correlation` in their logarithm, as an autoregressive process of order 1.
 */
export function latenciesFrom(seed: number, { sigma, correlation = 0 }: Scatter): (slowdown?: number) => number {
  const random = randomFrom(seed * 7_919 + 1);
  const normal = () => normalQuantile(random() || 0.5);
  const fresh = Math.sqrt(1 - correlation ** 2);
  let score = normal();
  return (slowdown = 1) => {
    const latency = 10 * slowdown * Math.exp(sigma * score);
    score = correlation * score + fresh * normal();
    return Math.round(latency * 1_000) / 1_000;
  };
}

export const take = (count: number, next: () => number): readonly number[] =>
  Array.from({ length: count }, () => next());
