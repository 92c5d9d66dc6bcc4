import { z } from 'zod';

import { type Millis, seconds } from '../kernel/units.ts';
import { duration } from './quantities.ts';

/** The causes of a failed attempt that a plan can list for a retry: `exit 75`, `status 503`, `55P03`. */
const causePattern = /^(?:timeout|connection-refused|exit [1-9]\d{0,2}|status [1-5]\d\d|[0-9A-Z]{5})$/;

const cause = z
  .union([z.string(), z.int()]) // YAML reads 40001 as a number, and 08006 as 8006
  .transform((written) => (typeof written === 'number' ? String(written).padStart(5, '0') : written))
  .transform((written) => (written === '57014' ? 'timeout' : written)) // PostgreSQL's code for a timeout
  .refine((written) => causePattern.test(written), {
    abort: true,
    error: 'wanted exit 75, timeout, connection-refused, status 503 or an SQLSTATE such as 55P03',
  });

export const retry = z
  .strictObject({
    times: z.int().min(1).max(10),
    first: duration
      .default(seconds(1))
      .meta({ description: 'The first pause; each further pause is twice as long, up to a minute' }),
    on: z.array(cause).min(1).meta({
      description: 'Causes that allow a retry: exit 75, timeout, connection-refused, status 503, an SQLSTATE',
    }),
  })
  .meta({ description: 'How often a failed step is retried, and after which failures' });

export interface Retry {
  /** Not counting the first attempt. */
  readonly times: number;
  readonly first: Millis;
  readonly on: readonly string[];
}

/** These causes prove that nothing was done: no connection was made, or the server rolled back the whole transaction. */
const nothingDone = ['connection-refused', '55P03', '40P01', '40001'];
export const provesNothingDone = (why: string): boolean => nothingDone.includes(why);
