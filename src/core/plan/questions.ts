import { z } from 'zod';

import { seconds } from '../kernel/units.ts';
import { duration, httpAddress, id, slowerThan, text } from './quantities.ts';

/** Probes, checks and verification queries: what the operators ask, and what they expect. */

/** Cells compare as the text that PostgreSQL prints, so that 1, '1' and 1::bigint are one answer. */
const cell = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'wanted text, a number, true, false or null',
});

const fixed = [
  z.literal('no rows'),
  z.literal('some rows'),
  z.strictObject({ value: cell }),
  z.strictObject({ rows: z.array(z.array(cell, 'wanted a list of cells'), 'wanted a list of rows') }),
] as const;

/** Where there is no baseline to compare with: in proofs and verification. */
export const fixedExpectation = z
  .union(fixed, { error: 'wanted "no rows", "some rows", { value: … } or { rows: [[…], …] }' })
  .meta({ description: 'What the answer must be' });

export const expectation = z
  .union([...fixed, z.literal('same as baseline')], {
    error: 'wanted "no rows", "some rows", "same as baseline", { value: … } or { rows: [[…], …] }',
  })
  .meta({ description: 'What the answer must be' });
export type Expectation = z.output<typeof expectation>;

/** The statement to ask instead, once the named phase has changed the schema. */
const afterPhases = z
  .record(id, text)
  .meta({ description: 'Statements that take over once a phase has been applied, by phase id' });

const httpQuestion = z
  .strictObject({
    url: httpAddress,
    method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.string().optional(),
    expect: z
      .strictObject({
        status: z.int().min(100).max(599).default(200),
        contains: text.optional().meta({ description: 'Text that the body must contain' }),
      })
      .prefault({}),
  })
  .meta({ description: 'An HTTP request; each reading makes its own connection, as a new user would' });

export const probe = z
  .strictObject({
    id,
    sql: text.optional(),
    http: httpQuestion.optional(),
    after: afterPhases.default({}),
    every: duration.default(seconds(1)),
    timeout: duration.default(seconds(5)),
    slower_than: slowerThan.optional().meta({ description: 'The limit of slowness for this probe alone' }),
    ignore_stalls_under: duration.optional().meta({
      description: 'How long the slowness must last before it counts, for this probe alone',
    }),
    control: z.boolean().default(false).meta({
      description: 'Touches nothing that the remediation changes: tells our slowdown from everyone’s',
    }),
  })
  .refine(({ sql, http }) => (sql === undefined) !== (http === undefined), { error: 'wanted exactly one of sql, http' })
  .refine(({ sql, after }) => sql !== undefined || Object.keys(after).length === 0, {
    error: 'wanted no statements after phases: the probe asks over HTTP',
    path: ['after'],
  })
  .meta({
    description: 'A timed question asked on a fixed clock',
    oneOf: [{ required: ['sql'] }, { required: ['http'] }],
  });
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
  .meta({ description: 'A yes/no question in SQL, asked in a read-only transaction' });
export type CheckPlan = z.output<typeof check>;

export const verificationQuery = z
  .strictObject({ id, sql: text, expect: fixedExpectation })
  .meta({ description: 'Asked after a full restore or a complete unwind' });
export type VerificationQuery = z.output<typeof verificationQuery>;
