import type { Seen } from '../../core/evidence/finding.ts';
import { between, ratio, type Ratio } from '../../core/kernel/units.ts';
import type { Cells, Judged, Look } from '../check.ts';

/** SQL: another value as soon as the counts of pg_stat_database, or of all, begin anew. */
export const epoch = `concat(stats_reset, ' ', pg_postmaster_start_time()) as epoch`;

/** What was counted from one answer to a later one. */
export interface Counted {
  /** By how much a column has grown. */
  readonly more: (column: string) => number;
  readonly perMinute: (column: string) => number;
}

/** How much more there is in `now` than `before`; undefined where counting began anew in between. */
export function countedSince(before: Cells, now: Cells, minutes: number): Counted | undefined {
  const more = (column: string) => Number(now[column] ?? 0) - Number(before[column] ?? 0);
  const isAnew = now.epoch !== before.epoch || Object.keys(now).some((column) => more(column) < 0);
  return isAnew || minutes <= 0 ? undefined : { more, perMinute: (column) => more(column) / minutes };
}

/** The first look can tell nothing, nor can one that finds the counts begun anew; the next one can. */
export const tooYoung: Judged & { readonly unknown: string } = {
  unknown: 'counts from this look on',
  young: true,
};
const begunAnew = { ...tooYoung, unknown: 'the server has begun to count anew, so that it counts from this look on' };

/** How long ago the earlier answer is, in minutes. */
export const minutesSince = ({ at, earlier }: Pick<Look, 'at' | 'earlier'>): number =>
  earlier === undefined ? 0 : between(earlier.at, at) / 60_000;

/** For a check whose answer is one row of counts. */
export function counting(look: Pick<Look, 'at' | 'earlier' | 'rows'>): Counted | Judged {
  const [now, before] = [look.rows[0], look.earlier?.rows[0]];
  if (now === undefined || before === undefined) return tooYoung;
  return countedSince(before, now, minutesSince(look)) ?? begunAnew;
}

/** What the baseline counted in a minute; undefined where it was too young to have counted. */
export function before(baseline: Seen | undefined, what: string): number | undefined {
  const known = baseline?.[what];
  return known === undefined ? undefined : Number(known);
}

/** Kept with few digits: it is compared with multiples of itself. */
export const kept = (perMinute: number): string => String(Number(perMinute.toPrecision(4)));

/** More than so many times the baseline's rate; what the baseline could not count is exceeded by anything. */
export const isOver = (rate: number, times: number, known: number | undefined): boolean =>
  known === undefined || rate > known * times;

export const part = (of: number, whole: number): Ratio => ratio(whole > 0 ? of / whole : 0);

/** `3.2 %` */
export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/** ` (0.2 a minute in the baseline)` */
export const sayBefore = (known: number | undefined, unit = ''): string =>
  known === undefined ? '' : ` (in the baseline ${Number(known.toPrecision(2))}${unit} a minute)`;
