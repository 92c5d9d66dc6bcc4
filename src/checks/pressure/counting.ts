import type { Seen } from '../../core/evidence/finding.ts';
import { between, ratio, type Ratio } from '../../core/kernel/units.ts';
import type { Cells, Judged, CheckInput } from '../check.ts';

/** SQL: changes when the counters of pg_stat_database, or all counters, are reset. */
export const epoch = `concat(stats_reset, ' ', pg_postmaster_start_time()) as epoch`;

/** The counts between one answer and a later one. */
export interface Counted {
  /** The increase of a column. */
  readonly more: (column: string) => number;
  readonly perMinute: (column: string) => number;
}

/** The increase from `before` to `now`; undefined if a reset lies in between. */
export function countedSince(before: Cells, now: Cells, minutes: number): Counted | undefined {
  const more = (column: string) => Number(now[column] ?? 0) - Number(before[column] ?? 0);
  const isAnew = now.epoch !== before.epoch || Object.keys(now).some((column) => more(column) < 0);
  return isAnew || minutes <= 0 ? undefined : { more, perMinute: (column) => more(column) / minutes };
}

/** The first evaluation has nothing to compare with, and neither has one after a reset. The next one has. */
export const tooYoung: Judged & { readonly unknown: string } = {
  unknown: 'counting starts with this run',
  warmingUp: true,
};
const wasReset = { ...tooYoung, unknown: 'the server has reset its counters; counting starts with this run' };

/** Minutes since the earlier answer. */
export const minutesSince = ({ at, earlier }: Pick<CheckInput, 'at' | 'earlier'>): number =>
  earlier === undefined ? 0 : between(earlier.at, at) / 60_000;

/** For a check whose answer is one row of counters. */
export function counting(input: Pick<CheckInput, 'at' | 'earlier' | 'rows'>): Counted | Judged {
  const [now, before] = [input.rows[0], input.earlier?.rows[0]];
  if (now === undefined || before === undefined) return tooYoung;
  return countedSince(before, now, minutesSince(input)) ?? wasReset;
}

/** The baseline's rate per minute; undefined if the baseline ended too early to have one. */
export function before(baseline: Seen | undefined, what: string): number | undefined {
  const known = baseline?.[what];
  return known === undefined ? undefined : Number(known);
}

/** Few digits are enough: the value is compared with multiples of itself. */
export const kept = (perMinute: number): string => String(Number(perMinute.toPrecision(4)));

/** Whether a rate exceeds the baseline's rate this many times. Any rate exceeds an unknown one. */
export const isOver = (rate: number, times: number, known: number | undefined): boolean =>
  known === undefined || rate > known * times;

export const part = (of: number, whole: number): Ratio => ratio(whole > 0 ? of / whole : 0);

/** `3.2 %` */
export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/** ` (0.2 a minute in the baseline)` */
export const sayBefore = (known: number | undefined, unit = ''): string =>
  known === undefined ? '' : ` (in the baseline ${Number(known.toPrecision(2))}${unit} a minute)`;
