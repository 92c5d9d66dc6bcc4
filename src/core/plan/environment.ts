import { z } from 'zod';

import { databaseAddress, estimate, id, text } from './quantities.ts';
import { restore, stopWork } from './procedures.ts';

export const environment = z
  .strictObject({
    target: z.strictObject({
      url: databaseAddress.meta({ description: 'postgres://user@host:port/database; better ${env:NAME}, or url_file' }),
      users_url: databaseAddress.optional().meta({
        description:
          'The path that users take, such as a pooler’s address: every tenth reading in SQL goes there; else url',
      }),
      rollback_url: databaseAddress.optional().meta({
        description:
          'The login that rollback steps use, where the guard’s own may only look; the same when left out, and never that of the phases',
      }),
      role_for_phases: text.optional().meta({
        description:
          'The role that only the phases log in with; when forward work is stopped it may not log in any more, until the rollback is over, and its sessions are ended',
      }),
    }),
    estimate: z.strictObject({ rollback: estimate.optional() }).prefault({}),
    stop_work: stopWork,
    restore: restore.optional(),
  })
  .meta({ description: 'Where the plan runs: its target, estimates and procedures' });
export type EnvironmentPlan = z.output<typeof environment>;

export const environments = z
  .record(id, environment)
  .refine((all) => Object.keys(all).length > 0, { error: 'wanted at least one environment' });
