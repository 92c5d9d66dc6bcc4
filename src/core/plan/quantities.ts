import { z } from 'zod';

import { parseDuration } from '../kernel/duration.ts';
import { idPattern } from '../kernel/ids.ts';
import { hours, type Millis, type PerYear, perYear, ratio } from '../kernel/units.ts';
import { hasPlaceholder } from './shown.ts';

/** Quantities that operators write as text and Ripcord reads as numbers with a unit. Each error says what was wanted. */

const wanted = (text: string) => ({ error: `wanted ${text}` });

/** The clock cannot count much further. */
export const longestDuration: Millis = hours(24 * 3_660);
/** Upper bounds: a greater limit could never be exceeded, or the clock could not count that far. */
const most = { length: longestDuration, percent: 10_000, multiple: 100, yearly: 365 };
/** Lower bounds: nobody can measure a tenth of a percent, or waits a thousand years for an alarm. */
const least = { percent: 0.1, yearly: 0.001 };

export const duration = z
  .string(wanted('a duration such as 500ms, 10s, 5m or 1h30m'))
  .meta({ pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$', description: 'A duration: 500ms, 10s, 5m, 1h30m' })
  .transform((text, context): Millis => {
    const length = parseDuration(text);
    if (length !== undefined && length > 0 && length <= most.length) return length;
    context.addIssue({
      code: 'custom',
      message: 'wanted a duration above zero and of at most ten years, such as 500ms, 10s, 5m or 1h30m',
    });
    return z.NEVER;
  });

/** `3h` or `3h-4h`. Only the upper end counts for overruns, because the operators allowed that much time. */
export const estimate = z
  .string(wanted('an estimate such as 30m or 3h-4h'))
  .meta({
    pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+( ?- ?(\\d+(\\.\\d+)?(ms|s|m|h|d))+)?$',
    description: 'A duration, or a range of durations whose upper end counts: 30m, 3h-4h',
  })
  .transform((text, context): Millis => {
    const ends = text.split('-').map((part) => parseDuration(part.trim()));
    const [first, last] = [ends.at(0), ends.at(-1)];
    const isRange = ends.length <= 2 && first !== undefined && last !== undefined && first <= last;
    if (isRange && last > 0 && last <= most.length) return last;
    context.addIssue({ code: 'custom', message: 'wanted an estimate such as 30m or 3h-4h' });
    return z.NEVER;
  });

/** A duration within bounds; `says` names both bounds with their units. */
export const durationWithin = (shortest: Millis, longest: Millis, says: string) =>
  duration.refine((length) => length >= shortest && length <= longest, { error: `wanted ${says}` });

/** `50%` slower means a ratio of 1.5. */
export const slowerThan = z
  .string(wanted('a percentage such as 50%'))
  .meta({ pattern: '^\\d+(\\.\\d+)?%$', description: 'How much slower than the baseline: 50%' })
  .transform((text, context) => {
    const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1] ?? Number.NaN);
    if (percent >= least.percent && percent <= most.percent) return ratio((100 + percent) / 100);
    context.addIssue({
      code: 'custom',
      message: `wanted a percentage from ${least.percent}% to ${most.percent}%, such as 50%`,
    });
    return z.NEVER;
  });

/** `80%` of a whole. */
export const fraction = z
  .string(wanted('a percentage such as 80%'))
  .meta({ pattern: '^\\d+(\\.\\d+)?%$', description: 'A part of the whole: 80%' })
  .transform((text, context) => {
    const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1] ?? Number.NaN);
    if (percent > 0 && percent <= 100) return ratio(percent / 100);
    context.addIssue({ code: 'custom', message: 'wanted a percentage above zero and up to 100%, such as 80%' });
    return z.NEVER;
  });

/** A count. */
export const whole = z.int(wanted('a whole number')).min(0, wanted('a whole number, not below zero'));

const yearly = { day: 365, week: 365 / 7, month: 12, year: 1 } as const;

/** `1 per year` of watched time. */
export const rate = z
  .string(wanted('a rate such as 1 per year'))
  .meta({ pattern: '^\\d+(\\.\\d+)? per (day|week|month|year)$', description: 'How often: 1 per year' })
  .transform((text, context): PerYear => {
    const [, count, unit] = /^(\d+(?:\.\d+)?) per (day|week|month|year)$/.exec(text) ?? [];
    const times = Number(count) * yearly[unit as keyof typeof yearly];
    if (times >= least.yearly && times <= most.yearly) return perYear(times);
    context.addIssue({
      code: 'custom',
      message: `wanted a rate from ${least.yearly} per year to 1 per day, such as 1 per year`,
    });
    return z.NEVER;
  });

/** `2x`: twice as long. */
export const longerThan = z
  .string(wanted('a multiple such as 2x'))
  .meta({ pattern: '^\\d+(\\.\\d+)?x$', description: 'A multiple of the estimate: 2x' })
  .transform((text, context) => {
    const multiple = Number(/^(\d+(?:\.\d+)?)x$/.exec(text)?.[1] ?? Number.NaN);
    if (multiple >= 1 && multiple <= most.multiple) return ratio(multiple);
    context.addIssue({ code: 'custom', message: `wanted a multiple from 1x to ${most.multiple}x, such as 2x` });
    return z.NEVER;
  });

export const id = z
  .string(wanted('an id of lower-case letters, digits, - and _'))
  .regex(idPattern, wanted('an id of lower-case letters, digits, - and _, starting with a letter'));

export const text = z.string(wanted('text')).min(1, wanted('text that is not empty'));

/** A program and its arguments, never a shell line. */
export const command = z
  .array(text, wanted('a list: the program, then each of its arguments'))
  .min(1, wanted('a list with at least the program'))
  .meta({ description: 'A program and its arguments as a list; no shell reads it' });

const isAddress = (text: string, protocols: readonly string[]): boolean =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol);

/** An address, or a text with placeholders: in an environment that was not chosen, the address cannot be checked. */
const address = (protocols: readonly string[], what: string) =>
  z.string(wanted(what)).refine((text) => hasPlaceholder(text) || isAddress(text, protocols), wanted(what));

export const httpAddress = address(['http:', 'https:'], 'an http:// or https:// address');
export const databaseAddress = address(['postgres:', 'postgresql:'], 'postgres://user@host:port/database');

const isSocketAddress = (text: string): boolean => {
  const port = Number(/^(?:\[[0-9a-f:.]+\]|[^\s:[\]]+):(\d{1,5})$/i.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
};
export const socketAddress = z
  .string(wanted('host:port'))
  .refine((text) => hasPlaceholder(text) || isSocketAddress(text), wanted('host:port'));
