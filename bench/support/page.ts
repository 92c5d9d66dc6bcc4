/** Samples of a page in Prometheus' text format, by name and labels as written there. */
export type Page = ReadonlyMap<string, number>;

export function readPage(text: string): Page {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The sum of a family's samples over all labels. */
export const sumOf = (page: Page, name: string): number =>
  [...page].reduce((sum, [series, value]) => (series.split('{')[0] === name ? sum + value : sum), 0);

export interface Bucket {
  /** Upper bound; infinite for the last bucket. */
  readonly le: number;
  /** Observations up to the bound, including those of lower buckets. */
  readonly count: number;
}

/** The observations that a histogram of one guard, or of the process, received between two pages. */
export function bucketsBetween(before: Page, later: Page, name: string): readonly Bucket[] {
  return [...later].flatMap(([series, count]) => {
    const le = new RegExp(`^${name}_bucket\\{le="([^"]+)"(?:,plan="[^"]*",target="[^"]*")?\\}$`).exec(series)?.[1];
    if (le === undefined) return [];
    return [{ le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: count - (before.get(series) ?? 0) }];
  });
}

/**
 * The quantile, with the observations spread evenly over the bucket that contains it, as `histogram_quantile` of Prometheus
 * does. Infinite if it lies in the last bucket, which has no upper bound. NaN without observations.
 */
export function bucketQuantile(buckets: readonly Bucket[], share: number): number {
  const rank = share * (buckets.at(-1)?.count ?? 0);
  const place = buckets.findIndex(({ count }) => count > 0 && count >= rank);
  const bucket = buckets[place];
  if (bucket === undefined) return Number.NaN;
  const { le: start, count: below } = buckets[place - 1] ?? { le: 0, count: 0 };
  return Number.isFinite(bucket.le)
    ? start + ((bucket.le - start) * (rank - below)) / (bucket.count - below)
    : bucket.le;
}
