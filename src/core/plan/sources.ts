import { z } from 'zod';

import { pointerPattern } from '../kernel/json-pointer.ts';
import { type Millis, seconds } from '../kernel/units.ts';
import { httpAddress, text } from './quantities.ts';
import { statementsIn, transactionControl } from './sql-statements.ts';

/** The sources from which a probe learns a latency, other than a statement of its own. */

/** A plain value in a database's answer or a document. */
export const cell = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'wanted text, a number, true, false or null',
});

const isPattern = (source: string): boolean => {
  try {
    return new RegExp(source, 'u').source !== '';
  } catch {
    return false;
  }
};

const headers = z.record(z.string(), z.string()).default({});
const ca = text
  .refine((pem) => pem.includes('-----BEGIN CERTIFICATE-----'), { error: 'wanted certificates in PEM form' })
  .optional()
  .meta({ description: 'Certificates (PEM) of a private authority, instead of the public ones; prefer ca_file' });

const httpExpectation = z
  .strictObject({
    status: z.int().min(100).max(599).default(200),
    contains: text.optional().meta({ description: 'Text that the first MB of the body must contain' }),
    matches: text
      .refine(isPattern, { error: 'wanted a regular expression of JavaScript, such as "ok|degraded"' })
      .optional()
      .meta({ description: 'A regular expression that must match in the first 64 KB of the body' }),
    json: z
      .record(z.string().regex(pointerPattern, 'wanted a JSON Pointer such as /data/0/status'), cell)
      .refine((places) => Object.keys(places).length > 0, { error: 'wanted at least one JSON Pointer' })
      .optional()
      .meta({ description: 'Values that the JSON body must contain, by JSON Pointer (RFC 6901)' }),
  })
  .prefault({});
export type HttpExpectation = z.output<typeof httpExpectation>;

export const httpQuestion = z
  .strictObject({
    url: httpAddress,
    method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
    headers,
    body: z.string().optional(),
    ca,
    expect: httpExpectation,
  })
  .meta({ description: 'An HTTP request; each reading makes its own connection, as a new user would' });

export const statementsQuestion = z
  .strictObject({
    top: z.int().min(1).max(200).default(20).meta({
      description: 'How many statements count: those with the most time in the baseline',
    }),
    of: z.array(text).min(1).optional().meta({
      description:
        'Whose statements count: the roles of the application. By default superusers, target.trusts and the login of users_url',
    }),
    like: text.optional().meta({ description: 'Only statements whose text matches this LIKE pattern: select %' }),
  })
  .meta({
    description:
      'The application’s own statement times, from pg_stat_statements. They can confirm a slowdown but never rule one out',
  });

export const prometheusQuestion = z
  .strictObject({
    url: httpAddress.meta({ description: 'The address of Prometheus, without /api/v1' }),
    query: text.meta({ description: 'An instant query that returns one value and covers the length of `every`' }),
    unit: z.enum(['s', 'ms']).meta({ description: 'The unit of the value' }),
    headers,
    token: text.optional().meta({ description: 'Sent as a bearer token; prefer token_file' }),
    ca,
  })
  .meta({ description: 'A latency that Prometheus already measures' });

/** Statements that write, as the application does. */
export const transactionQuestion = text
  .refine((written) => statementsIn(written)?.length !== 0, { error: 'wanted at least one statement' })
  .refine((written) => statementsIn(written) !== undefined, {
    error: 'wanted statements that can be read: a quote does not end, or a name is written U&"..."',
  })
  .refine((written) => transactionControl(statementsIn(written) ?? []) === undefined, {
    error: 'wanted no statement that begins, ends or divides a transaction: Ripcord begins one and rolls it back',
  })
  .meta({
    description:
      'Statements that write, separated by semicolons. They run as the application on the users’ path, in one transaction that is always rolled back',
  });

export const sourceNames = ['sql', 'transaction', 'http', 'statements', 'prometheus'] as const;
export type SourceName = (typeof sourceNames)[number];
type Sources = { readonly [Name in SourceName]?: unknown };

/** The source of the probe's latency. A valid plan names exactly one. */
export const sourceOf = (probe: Sources): SourceName => sourceNames.find((name) => probe[name] !== undefined) ?? 'sql';

/**
 * Whether good readings of the probe count as "not slower". Those of pg_stat_statements do not: it counts a statement when it
 * ends and misses statements that wait for a table lock, so a standstill looks like silence. It can confirm a slowdown.
 */
export const mayClear = (probe: Sources): boolean => sourceOf(probe) !== 'statements';

/** The default interval of a probe. */
export const usualPace: Readonly<Record<SourceName, Millis>> = {
  sql: seconds(1),
  transaction: seconds(5),
  http: seconds(1),
  statements: seconds(10),
  prometheus: seconds(15),
};
/** A reading of pg_stat_statements reads all statement texts; a shorter interval would burden the target. */
export const fastestStatements = seconds(5);
