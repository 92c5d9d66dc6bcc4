/** How many of the differences `experiment[i] - control[j]` are at most `bound`. Both ascending; linear in their lengths. */
function countUpTo(experiment: Float64Array, control: Float64Array, bound: number): number {
  let count = 0;
  let below = 0; // of the control, those so small that the difference is above the bound
  for (const value of experiment) {
    while (below < control.length && value - (control[below] ?? 0) > bound) below += 1;
    count += control.length - below;
  }
  return count;
}

/** The `rank`-th smallest difference (from 1), to one part in 10^9 of their span, without computing all differences. */
export function differenceOfRank(experiment: Float64Array, control: Float64Array, rank: number): number {
  let low = (experiment[0] ?? 0) - (control.at(-1) ?? 0);
  let high = (experiment.at(-1) ?? 0) - (control[0] ?? 0);
  for (let halvings = 0; halvings < 30; halvings += 1) {
    const middle = (low + high) / 2;
    if (countUpTo(experiment, control, middle) >= rank) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The shift of `experiment` against `control` (both ascending): the Hodges-Lehmann estimate, which is the median of all
 * differences, and the lower end of its two-sided 98 % interval. The interval is that of the Mann-Whitney test by the normal
 * approximation with continuity correction: M. Hollander, D. A. Wolfe, "Nonparametric Statistical Methods", 4.3.
 */
export function shift(experiment: Float64Array, control: Float64Array): { estimate: number; lower: number } {
  const pairs = experiment.length * control.length;
  const spread = Math.sqrt((pairs * (experiment.length + control.length + 1)) / 12);
  const quantile = 2.326_347_874; // of the standard normal law, at 99 %
  const rank = Math.max(1, Math.floor(pairs / 2 - quantile * spread - 0.5));
  return {
    estimate: differenceOfRank(experiment, control, Math.ceil(pairs / 2)),
    lower: differenceOfRank(experiment, control, rank),
  };
}
