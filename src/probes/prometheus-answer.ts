import { z } from 'zod';

import { sayDuration } from '../core/kernel/duration.ts';
import { between, hours, type Instant, instant, measured, type Millis } from '../core/kernel/units.ts';

/** The response of Prometheus' `GET /api/v1/query`, as its HTTP API documents it (status, data.resultType, data.result). */
const sample = z.tuple([z.number(), z.string()]);
const success = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('scalar'), result: sample }),
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: sample.optional() })) }),
    z.object({ resultType: z.enum(['matrix', 'string']) }),
  ]),
});
const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });
const answer = z.union([success, failure]);

export interface Untold {
  readonly because: string;
}
export interface Asked {
  readonly unit: 's' | 'ms';
  /** The moment of the query, and how old a value may be. */
  readonly at: Instant;
  readonly within: Millis;
}

const untold = (because: string): Untold => ({ because });

/** The only sample of a response. Prometheus writes numbers as text, including NaN and +Inf. */
function sampleIn({ data }: z.output<typeof success>): z.output<typeof sample> | Untold {
  if (data.resultType === 'scalar') return data.result;
  if (data.resultType !== 'vector') return untold(`the query yields a ${data.resultType}, wanted one value`);
  const [first, second] = data.result;
  if (first === undefined) return untold('the query yields nothing');
  if (second !== undefined) return untold(`the query yields ${data.result.length} series, wanted one`);
  return first.value ?? untold('the query yields a histogram, wanted one value');
}

function parsed(body: string): z.output<typeof answer> | undefined {
  try {
    return answer.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** A longer latency has the wrong unit or is a mistake. The journal also cannot store arbitrarily large numbers. */
const longest = hours(24 * 365);

/** The latency in a response, or why there is none. `status` is the HTTP status. */
export function latencyIn(status: number, body: string, { unit, at, within }: Asked): Millis | Untold {
  const read = parsed(body);
  if (read === undefined) return untold(`answered ${status} with something that is not a Prometheus response`);
  if (read.status === 'error') return untold(`${read.errorType}: ${read.error}`.slice(0, 300));
  const found = sampleIn(read);
  if ('because' in found) return found;
  const [time, text] = found;
  const age = between(instant(time * 1_000), at);
  if (age > within) return untold(`the newest value is ${sayDuration(age)} old`);
  const value = /^[+-]?Inf$/.test(text) ? Number.POSITIVE_INFINITY : Number(text);
  const length = unit === 's' ? value * 1_000 : value;
  if (!(length >= 0 && length <= longest) || text === '')
    return untold(`the query yields ${text}, which is not a latency`);
  return measured(length);
}
