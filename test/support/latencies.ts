import { normalQuantile } from '../../src/core/detection/normal.ts';
import { randomFrom } from '../../src/core/detection/random.ts';

/** The spread of latencies: the standard deviation of their logarithm, and the correlation between neighbours. */
export interface Scatter {
  readonly sigma: number;
  readonly correlation?: number;
}

/**
 * An endless sequence of lognormal latencies with a median of 10 ms and a resolution of 1 µs, determined by the seed. The
 * logarithms of neighbours correlate by `correlation`, as in an autoregressive process of order 1.
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
