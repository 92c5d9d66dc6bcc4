import { z } from 'zod';

import { hours, type Millis, millis, seconds } from '../kernel/units.ts';
import { duration, durationWithin, id, slowerThan, text } from './quantities.ts';
import {
  cell,
  fastestStatements,
  httpQuestion,
  prometheusQuestion,
  sourceNames,
  sourceOf,
  statementsQuestion,
  transactionQuestion,
  usualPace,
} from './sources.ts';

/** Probes, checks and verification queries: the operators' queries and the expected answers. */

/** Cells are compared as PostgreSQL prints them, so that 1, '1' and 1::bigint are equal. */
const fixed = [
  z.literal('no rows'),
  z.literal('some rows'),
  z.strictObject({ value: cell }),
  z.strictObject({ rows: z.array(z.array(cell, 'wanted a list of cells'), 'wanted a list of rows') }),
] as const;

/** For proofs and verification, where there is no baseline to compare with. */
export const fixedExpectation = z
  .union(fixed, { error: 'wanted "no rows", "some rows", { value: … } or { rows: [[…], …] }' })
  .meta({ description: 'The expected answer' });

export const expectation = z
  .union([...fixed, z.literal('same as baseline')], {
    error: 'wanted "no rows", "some rows", "same as baseline", { value: … } or { rows: [[…], …] }',
  })
  .meta({ description: 'The expected answer' });
export type Expectation = z.output<typeof expectation>;

/** The statement to use instead once the named phase has changed the schema. */
const afterPhases = z
  .record(id, text)
  .meta({ description: 'Statements that take over once a phase has been applied, by phase id' });

/** A shorter interval would occupy the probe loop completely; a longer one would never fill a baseline. */
const pace = durationWithin(millis(10), hours(1), 'a pace from 10ms to 1h');
/** Node's timers and PostgreSQL's `statement_timeout` end at 2^31 ms, and PostgreSQL takes less than 1 ms as no timeout. */
const patience = durationWithin(millis(1), hours(1), 'a timeout from 1ms to 1h');

export const probe = z
  .strictObject({
    id,
    sql: text.optional(),
    transaction: transactionQuestion.optional(),
    http: httpQuestion.optional(),
    statements: statementsQuestion.optional(),
    prometheus: prometheusQuestion.optional(),
    after: afterPhases.default({}),
    every: pace.optional().meta({
      description:
        'The interval between readings; by default 1s, for transaction 5s, for statements 10s, for prometheus 15s',
    }),
    timeout: patience.default(seconds(5)),
    slower_than: slowerThan.optional().meta({ description: 'The limit of slowness for this probe alone' }),
    ignore_stalls_under: duration.optional().meta({
      description: 'How long the slowness must last before it counts, for this probe alone',
    }),
    control: z.boolean().default(false).meta({
      description:
        'The probe touches nothing that the remediation changes, so it shows whether a slowdown is common to everything',
    }),
  })
  .refine((written) => sourceNames.filter((name) => written[name] !== undefined).length === 1, {
    error: `wanted exactly one of ${sourceNames.join(', ')}`,
  })
  .refine(({ sql, transaction, after }) => (sql ?? transaction) !== undefined || Object.keys(after).length === 0, {
    error: 'wanted no after: the probe has no statement of its own',
    path: ['after'],
  })
  .superRefine(({ transaction, after }, found) => {
    if (transaction === undefined) return;
    for (const [phase, written] of Object.entries(after)) {
      const issues = transactionQuestion.safeParse(written).error?.issues ?? [];
      for (const { message } of issues) found.addIssue({ code: 'custom', message, path: ['after', phase] });
    }
  })
  .refine(({ transaction, control }) => transaction === undefined || !control, {
    error: 'wanted no control: what is written is what the remediation changes',
    path: ['control'],
  })
  .refine(({ statements, every }) => statements === undefined || (every ?? fastestStatements) >= fastestStatements, {
    error: 'wanted at least 5s: each reading reads the texts of all statements',
    path: ['every'],
  })
  .refine(({ statements, control }) => statements === undefined || !control, {
    error: 'wanted no control: statements are what the remediation changes',
    path: ['control'],
  })
  .meta({
    description: 'A query or request that is timed at a fixed interval',
    oneOf: sourceNames.map((name) => ({ required: [name] })),
  })
  .transform((written): typeof written & { readonly every: Millis; readonly path?: 'users' } => ({
    ...written,
    every: written.every ?? usualPace[sourceOf(written)],
  }));
/** `path`: asked only on the path that users take. Set by `withUsersSeries`. */
export type ProbePlan = z.output<typeof probe>;

export const check = z
  .strictObject({
    id,
    criterion: z.enum(['integrity', 'functionality', 'security']),
    sql: text,
    after: afterPhases.default({}),
    expect: expectation.default('no rows'),
    every: duration.default(seconds(30)),
    timeout: duration.default(seconds(5)),
  })
  .meta({ description: 'An SQL query with an expected answer, run in a read-only transaction' });
export type CheckPlan = z.output<typeof check>;

export const verificationQuery = z
  .strictObject({ id, sql: text, expect: fixedExpectation })
  .meta({ description: 'A query that runs after a full restore or a complete unwind' });
export type VerificationQuery = z.output<typeof verificationQuery>;
