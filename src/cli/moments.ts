import { sayDuration, sayMoment, sayTime } from '../core/kernel/duration.ts';
import { between, type Instant, type Millis, millis } from '../core/kernel/units.ts';

/** Rounded to the second, which is exact enough for a terminal. */
export const roughly = (length: Millis): string =>
  length > -1_000 && length < 1_000 ? '0 s' : sayDuration(millis(Math.round(length / 1_000) * 1_000));

/** `02:14:07`, with the date if it is another day. Always UTC, which the page says once. */
export const clockTime = (at: Instant, now: Instant): string =>
  sayMoment(at).slice(0, 10) === sayMoment(now).slice(0, 10) ? sayTime(at) : sayMoment(at).slice(0, 19);

/** `02:14:07 (2m 48s ago)` */
export const past = (at: Instant, now: Instant): string => `${clockTime(at, now)} (${roughly(between(at, now))} ago)`;

/** `02:44:07 UTC, in 27m 12s` */
export const until = (at: Instant, now: Instant): string =>
  at > now
    ? `${clockTime(at, now)} UTC, in ${roughly(between(now, at))}`
    : `${clockTime(at, now)} UTC, which is ${roughly(between(at, now))} ago`;
