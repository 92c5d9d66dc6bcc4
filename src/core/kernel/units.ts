declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A length of time in milliseconds; fractions are kept, because a query may take 0.2 ms. */
export type Millis = Unit<'Millis'>;
/** A moment: milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = Unit<'Instant'>;
/** A ratio: 1 is the same, 1.5 is 50 % more. */
export type Ratio = Unit<'Ratio'>;

/** A rate per year of 365 days. */
export type PerYear = Unit<'PerYear'>;

export const millis = (value: number): Millis => value as Millis;
export const seconds = (value: number): Millis => (value * 1_000) as Millis;
export const minutes = (value: number): Millis => (value * 60_000) as Millis;
export const hours = (value: number): Millis => (value * 3_600_000) as Millis;
/** Rounded to the microsecond, as the journal stores it, so that a reading stays the same after a restart. */
export const measured = (value: number): Millis => (Math.round(value * 1_000) / 1_000) as Millis;
export const instant = (value: number): Instant => value as Instant;
export const perYear = (value: number): PerYear => value as PerYear;
export const ratio = (value: number): Ratio => value as Ratio;

/** From `start` to `end`; negative when `end` is earlier. */
export const between = (start: Instant, end: Instant): Millis => (end - start) as Millis;
export const after = (start: Instant, length: Millis): Instant => (start + length) as Instant;
/** The later of two moments. */
export const later = (a: Instant, b: Instant): Instant => (b > a ? b : a);
/** The ratio of `part` to `whole`; undefined if `whole` is zero. */
export const times = (part: Millis, whole: Millis): Ratio | undefined =>
  whole > 0 ? ((part / whole) as Ratio) : undefined;
