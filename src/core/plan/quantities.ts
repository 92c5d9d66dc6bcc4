import { z } from 'zod';

import { parseDuration } from '../kernel/duration.ts';
import { idPattern } from '../kernel/ids.ts';
import { type Millis, ratio } from '../kernel/units.ts';

/** What operators write as text and Ripcord reads as a number with a unit. Each says what it wanted when it cannot. */

const wanted = (text: string) => ({ error: `wanted ${text}` });

export const duration = z
  .string(wanted('a duration such as 500ms, 10s, 5m or 1h30m'))
  .meta({ pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$', description: 'A duration: 500ms, 10s, 5m, 1h30m' })
  .transform((text, context): Millis => {
    const length = parseDuration(text);
    if (length !== undefined && length > 0) return length;
    context.addIssue({ code: 'custom', message: 'wanted a duration above zero, such as 500ms, 10s, 5m or 1h30m' });
    return z.NEVER;
  });

/** `3h` or `3h-4h`. What is late is judged by the upper end: the operators said it may take that long. */
export const estimate = z
  .string(wanted('an estimate such as 30m or 3h-4h'))
  .meta({
    pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+( ?- ?(\\d+(\\.\\d+)?(ms|s|m|h|d))+)?$',
    description: 'A duration, or a range of durations whose upper end counts: 30m, 3h-4h',
  })
  .transform((text, context): Millis => {
    const ends = text.split('-').map((part) => parseDuration(part.trim()));
    const [first, last] = [ends.at(0), ends.at(-1)];
    if (ends.length <= 2 && first !== undefined && last !== undefined && last > 0 && first <= last) return last;
    context.addIssue({ code: 'custom', message: 'wanted an estimate such as 30m, or a range such as 3h-4h' });
    return z.NEVER;
  });

/** `50%` more is 1.5 times as much. */
export const slowerThan = z
  .string(wanted('a percentage such as 50%'))
  .meta({ pattern: '^\\d+(\\.\\d+)?%$', description: 'How much slower than the baseline: 50%' })
  .transform((text, context) => {
    const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
    if (percent !== undefined) return ratio(1 + Number(percent) / 100);
    context.addIssue({ code: 'custom', message: 'wanted a percentage such as 50%' });
    return z.NEVER;
  });

/** `2x`: twice as long. */
export const longerThan = z
  .string(wanted('a multiple of at least 1, such as 2x'))
  .meta({ pattern: '^\\d+(\\.\\d+)?x$', description: 'A multiple of the estimate: 2x' })
  .transform((text, context) => {
    const multiple = Number(/^(\d+(?:\.\d+)?)x$/.exec(text)?.[1] ?? Number.NaN);
    if (multiple >= 1) return ratio(multiple);
    context.addIssue({ code: 'custom', message: 'wanted a multiple of at least 1, such as 2x' });
    return z.NEVER;
  });

export const id = z
  .string(wanted('an id of lower-case letters, digits, - and _'))
  .regex(idPattern, wanted('an id of lower-case letters, digits, - and _, starting with a letter'));

export const text = z.string(wanted('text')).min(1, wanted('text that is not empty'));

/** A program and its arguments; never a line for a shell. */
export const command = z
  .array(text, wanted('a list: the program, then each of its arguments'))
  .min(1, wanted('a list with at least the program'))
  .meta({ description: 'A program and its arguments as a list; no shell reads it' });
