import { z } from 'zod';

import { hours, millis, minutes } from '../kernel/units.ts';
import { condition } from './conditions.ts';
import { command, durationWithin, estimate, httpAddress, id, text } from './quantities.ts';
import { retry } from './retry.ts';
import { hasPlaceholder, passwordsIn, secretsInHeader } from './shown.ts';
import { misuses, tiersGoingDown } from './step-rules.ts';

/** One step of a phase rollback or of a restore: its action, and the keys that all steps share. */

/** Node's timers and PostgreSQL's `statement_timeout` end at 2^31 ms, and PostgreSQL takes less than 1 ms as no timeout. */
export const stepTimeout = durationWithin(millis(1), hours(24 * 7), 'a timeout from 1ms to 7d').default(minutes(30));

const common = {
  id,
  title: text.optional().meta({ description: 'What the step is for, in words' }),
  timeout: stepTimeout,
  estimate: estimate.optional(),
  repeatable: z.boolean().default(false).meta({
    description: 'The step may run again after a crash that leaves open whether it ended',
  }),
  precondition: condition
    .optional()
    .meta({ description: 'Must hold before the step begins; otherwise Ripcord asks a person' }),
  proof: condition.optional().meta({
    description: 'Ripcord waits for it after the step, and tests it if a crash leaves open whether the step was done',
  }),
  retry: retry.optional(),
  tier: z.int().min(1).optional().meta({
    description: 'Steps of lower tiers start first, and must be proved healthy before the next tier',
  }),
};

/** The journal contains procedures as written, but not the values of their placeholders. */
const placeholderWanted = 'a placeholder such as ${env:TOKEN} for the secret: steps stand in the journal';

const withoutWrittenSecrets = <Schema extends z.ZodType<Readonly<Record<string, string>>>>(
  schema: Schema,
  isSecret: (name: string, value: string) => boolean,
) =>
  schema.superRefine((written, context) => {
    for (const [name, value] of Object.entries(written)) {
      if (!isSecret(name, value) || hasPlaceholder(value)) continue;
      context.addIssue({ code: 'custom', path: [name], message: `wanted ${placeholderWanted}` });
    }
  });

const headers = withoutWrittenSecrets(
  z.record(z.string(), z.string()),
  (name, value) => secretsInHeader(name, value).length > 0,
).default({});
const environmentVariables = withoutWrittenSecrets(
  z.record(z.string().regex(/^[A-Za-z_]\w*$/, { error: 'wanted the name of a variable' }), z.string()),
  (name) => /password|secret|token/i.test(name),
);
const address = httpAddress.refine((url) => hasPlaceholder(url) || passwordsIn(url).length === 0, {
  error: `wanted ${placeholderWanted}`,
});

const http = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  url: address,
  headers,
  body: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())], {
      error: 'wanted text, a mapping or a list',
    })
    .optional()
    .meta({ description: 'Text is sent as it is, a mapping or list as JSON' }),
  expect: z
    .strictObject({ status: z.int().min(100).max(599).optional() })
    .prefault({})
    .meta({ description: 'The status that means success; by default any from 200 to 299. Redirects are not followed' }),
});

export const step = z
  .union(
    [
      z.strictObject({
        ...common,
        command,
        directory: text.optional().meta({ description: 'The working directory, relative to the plan’s folder' }),
        env: environmentVariables.optional().meta({ description: 'Additional environment variables' }),
      }),
      z.strictObject({
        ...common,
        sql: text,
        transaction: z.boolean().optional().meta({
          description:
            'false for a statement that cannot run in a transaction, such as create index concurrently. It is sent alone and never retried automatically',
        }),
      }),
      z.strictObject({ ...common, http }),
      z.strictObject({ ...common, wait: condition.meta({ description: 'Tested until it holds' }) }),
      z.strictObject({ ...common, confirm: text.meta({ description: 'What a person must do before confirming' }) }),
      z.strictObject({
        ...common,
        verify: z.enum(['all']).meta({ description: 'Every verification query, and the first phase’s boundary' }),
      }),
      z.strictObject({ ...common, restore: z.enum(['latest-proved-backup']) }),
    ],
    { error: 'wanted a step: id with one of command, sql, http, wait, confirm, verify, restore' },
  )
  .superRefine((written, context) => {
    for (const { path, wanted } of misuses(written))
      context.addIssue({ code: 'custom', path: [...path], message: wanted });
  })
  .meta({ description: 'One step of a phase rollback or of a restore' });
export type StepPlan = z.output<typeof step>;
export type HttpAction = z.output<typeof http>;

export const steps = z
  .array(step)
  .min(1)
  .superRefine((written, context) => {
    for (const index of tiersGoingDown(written)) {
      const message = 'wanted the same tier as the step before or a higher one: steps run in the order of the list';
      context.addIssue({ code: 'custom', path: [index, 'tier'], message });
    }
  });
