import { z } from 'zod';

import { seconds } from '../kernel/units.ts';
import { command, duration, estimate } from './quantities.ts';
import { steps, stepTimeout } from './steps.ts';

/** How to undo: the rollback of a phase, and the restore of an environment. */

/** Rejects what only a restore may contain. Ripcord adds the comparison with the phase's boundary itself. */
const undoSteps = steps.superRefine((written, context) => {
  for (const [index, step] of written.entries()) {
    const object = (path: readonly string[], wanted: string) =>
      context.addIssue({ code: 'custom', path: [index, ...path], message: `wanted ${wanted}` });
    if ('restore' in step) object(['restore'], 'no restore step in a phase: write rollback: restore');
    if ('verify' in step) object(['verify'], 'no verify: Ripcord adds the comparison with the phase’s boundary');
    if (step.id === 'verify') object(['id'], 'another id: verify is the comparison that Ripcord adds');
  }
});

export const phaseRollback = z
  .union(
    [
      z.literal('restore'),
      z.strictObject({
        command,
        estimate: estimate.optional(),
        timeout: stepTimeout,
        repeatable: z.boolean().default(false),
      }),
      z.strictObject({ steps: undoSteps, estimate: estimate.optional() }),
    ],
    { error: 'wanted "restore", { command: [program, arguments], estimate: 5m } or { steps: […] }' },
  )
  .meta({ description: 'How the phase is undone' });

export const restore = z
  .strictObject({
    method: z.enum(['database-swap', 'schema-swap', 'in-place', 'platform']).meta({
      description:
        'How to restore the backup. Ripcord does not restore backups itself yet; only the steps define what happens',
    }),
    steps,
    approvals: z.int().min(1).max(5).default(2).meta({
      description:
        'How many different people must approve it, unless it is pre-approved; in the environment production at least 2',
    }),
  })
  .meta({ description: 'The full restore of this environment' });
export type RestorePlan = z.output<typeof restore>;

/** How Ripcord stops forward work before it undoes anything. */
export const stopWork = z
  .strictObject({
    kill_grace: duration
      .default(seconds(5))
      .meta({ description: 'The time between asking a process to end and killing it' }),
    quiet_for: duration.default(seconds(1)).meta({
      description:
        'How long no process or session of the phases may be seen before work counts as stopped. Their role cannot log in meanwhile',
    }),
  })
  .prefault({});
