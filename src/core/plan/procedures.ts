import { z } from 'zod';

import { minutes, seconds } from '../kernel/units.ts';
import { command, duration, estimate, httpAddress, id, text } from './quantities.ts';
import { fixedExpectation } from './questions.ts';

/** What is done to undo: the steps of a phase rollback and of a restore. */

const sqlProof = z.strictObject({ sql: text, expect: fixedExpectation });
const httpProof = z.strictObject({
  http: z.strictObject({
    url: httpAddress,
    expect: z.strictObject({ status: z.int().min(100).max(599).default(200) }).prefault({}),
  }),
});

/** Tried when a crash leaves open whether the step was done, and after it to see that it worked. */
const proof = z.union([sqlProof, httpProof], { error: 'wanted { sql: …, expect: … } or { http: { url: … } }' });

const stepCommon = {
  id,
  timeout: duration.default(minutes(30)),
  repeatable: z.boolean().default(false).meta({
    description: 'May be run again after a crash when it is not known whether it ended',
  }),
};

export const undoStep = z
  .union(
    [
      z.strictObject({ ...stepCommon, command, proof: sqlProof.optional() }),
      z.strictObject({ ...stepCommon, sql: text, proof: sqlProof.optional() }),
    ],
    { error: 'wanted a step: id with either command: [program, arguments] or sql: a statement' },
  )
  .meta({ description: 'One step of a phase rollback' });
export type UndoStep = z.output<typeof undoStep>;

export const phaseRollback = z
  .union(
    [
      z.literal('restore'),
      z.strictObject({
        command,
        estimate: estimate.optional(),
        timeout: duration.default(minutes(30)),
        repeatable: z.boolean().default(false),
      }),
      z.strictObject({ steps: z.array(undoStep).min(1), estimate: estimate.optional() }),
    ],
    { error: 'wanted "restore", { command: [program, arguments], estimate: 5m } or { steps: […] }' },
  )
  .meta({ description: 'How the phase is undone' });

const tier = z.int().min(1).optional().meta({ description: 'Lower tiers are started, and proved healthy, first' });
const restoreStepCommon = { id, tier, timeout: duration.default(minutes(30)), proof: proof.optional() };

/** A step of a restore. Ripcord validates these; running them comes with restores. */
const restoreStep = z.union(
  [
    z.strictObject({ ...restoreStepCommon, command }),
    z.strictObject({ ...restoreStepCommon, restore: z.enum(['latest-proved-backup']) }),
    z.strictObject({ ...restoreStepCommon, verify: z.enum(['all']) }),
    z.strictObject({
      ...restoreStepCommon,
      http: z.strictObject({
        method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
        url: httpAddress,
      }),
    }),
  ],
  { error: 'wanted a step: id with one of command, restore, verify, http' },
);

export const restore = z
  .strictObject({
    method: z.enum(['database-swap', 'schema-swap', 'in-place', 'platform']),
    steps: z.array(restoreStep).min(1),
    approvals: z.int().min(1).max(5).default(2).meta({
      description: 'How many different people must approve it, unless it is pre-approved',
    }),
  })
  .meta({ description: 'The full restore of this environment' });
export type RestorePlan = z.output<typeof restore>;

/** How forward work is stopped before anything is undone. */
export const stopWork = z
  .strictObject({
    kill_grace: duration.default(seconds(5)).meta({ description: 'Between asking a process to end and killing it' }),
    quiet_for: duration.default(seconds(1)).meta({
      description: 'How long no process or session may be seen; the role of the phases cannot log in meanwhile',
    }),
  })
  .prefault({});
