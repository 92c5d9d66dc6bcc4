/**
 * The smallest value such that at least the share `q` (0 to 1) of the values is not above it (nearest rank, inverted
 * empirical distribution; Hyndman and Fan 1996, definition 1). Undefined for no values. Infinite values are allowed.
 */
export function quantile(values: readonly number[], q: number): number | undefined {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(q * sorted.length))) - 1];
}

export const median = (values: readonly number[]): number | undefined => quantile(values, 0.5);
