import type { Calibration } from '../rule.ts';

/** The readings of a fixed recent period. */
export interface Window {
  /** Undefined (no probe) and infinite (failed, so without a latency) readings push an old one out and count for nothing. */
  readonly push: (latency: number | undefined) => void;
  /** The latencies in it, in ascending order. */
  readonly sorted: () => Float64Array;
  readonly mean: () => number;
}

/** A window of `seconds`. It starts full, as for a rule that watched before. */
export function windowOf(seconds: number, dtSeconds: number, { latencies }: Calibration): Window {
  const size = Math.max(1, Math.round(seconds / dtSeconds));
  const last = new Float64Array(size).fill(Number.NaN);
  last.set(latencies.slice(-size));
  let next = latencies.length < size ? latencies.length : 0; // the oldest, which leaves next
  return {
    push(latency) {
      last[next] = latency ?? Number.NaN;
      next = (next + 1) % size;
    },
    sorted() {
      const sorted = last.toSorted(); // finite latencies first, then infinite, then undefined
      let end = size;
      while (end > 0 && !Number.isFinite(sorted[end - 1])) end -= 1;
      return sorted.subarray(0, end);
    },
    mean: () => meanOf(last),
  };
}

/** The mean of the finite values; NaN if there are none. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

/** Interpolated between neighbours, as Prometheus' `quantile_over_time` does; `sorted` is ascending. */
export function quantileOf(sorted: Float64Array, q: number): number {
  const rank = q * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(sorted.length - 1, below + 1)] ?? Number.NaN;
  return low + (high - low) * (rank - below);
}

/** True at each reading at which a rule that evaluates every `seconds` does so, first after that period. */
export function clockOf(seconds: number, dtSeconds: number): () => boolean {
  const every = Math.max(1, Math.round(seconds / dtSeconds));
  let readings = 0;
  return () => {
    readings += 1;
    return readings % every === 0;
  };
}
