import { z } from 'zod';

import { instant, type Instant } from '../kernel/units.ts';

/** Moments and times of day, as operators write them. */

const wantedMoment = 'wanted a day or a moment such as 2027-02-01 or 2027-02-01T18:00Z';
const written = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2}))?$/;

/** A day means its first moment in UTC. Rejects 31 February, which `Date` would turn into a day in March. */
function readMoment(text: string): Instant | undefined {
  const [, day, time = '00:00', zone = 'Z'] = written.exec(text) ?? [];
  if (day === undefined) return undefined;
  const midnight = Date.parse(`${day}T00:00Z`);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined;
  const at = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(at) ? undefined : instant(at);
}

export const moment = z
  .string({ error: wantedMoment })
  .meta({ pattern: written.source, description: 'A day (its first moment in UTC) or a moment: 2027-02-01T18:00Z' })
  .transform((text, context): Instant => {
    const at = readMoment(text);
    if (at !== undefined) return at;
    context.addIssue({ code: 'custom', message: wantedMoment });
    return z.NEVER;
  });

/** Minutes since midnight UTC, from the first up to but excluding the second; over midnight if the second is earlier. */
export interface HoursOfDay {
  readonly from: number;
  readonly to: number;
  /** As written in the plan. */
  readonly text: string;
}

const wantedHours = 'wanted hours of the day such as 08:00-18:00 or 22:00-06:00, in UTC';
const span = /^(\d{2}):([0-5]\d)-(\d{2}):([0-5]\d)$/;

export const hoursOfDay = z
  .string({ error: wantedHours })
  .meta({ pattern: span.source, description: 'Hours of the day in UTC, also over midnight: 22:00-06:00' })
  .transform((text, context): HoursOfDay => {
    const [, fromHour, fromMinute, toHour, toMinute] = (span.exec(text) ?? []).map(Number);
    const [from, to] = [Number(fromHour) * 60 + Number(fromMinute), Number(toHour) * 60 + Number(toMinute)];
    if (from < 1_440 && to <= 1_440 && from !== to) return { from, to, text };
    context.addIssue({ code: 'custom', message: wantedHours });
    return z.NEVER;
  });

export function isWithin({ from, to }: HoursOfDay, at: Instant): boolean {
  const minute = new Date(at).getUTCHours() * 60 + new Date(at).getUTCMinutes();
  return from < to ? from <= minute && minute < to : minute >= from || minute < to;
}
