import { z } from 'zod';

import { databaseAddress, estimate, id, text } from './quantities.ts';
import { restore, stopWork } from './procedures.ts';

/** Anyone who may create schemas could create the schema `"$user"` after the login and shadow names. */
const schemaName = text.refine((name) => name !== '$user' && !name.startsWith('pg_temp'), {
  error: 'wanted the name of a schema, neither $user nor pg_temp',
});

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
      read_url: databaseAddress.optional().meta({
        description:
          'The login that reads what users own: probes, the plan’s SQL and the checks that read rows; else url, which is meant for development',
      }),
      reach_url: databaseAddress.optional().meta({
        description:
          'The login that tries what the watched roles can read: a member of these and of nothing else; without it url tries, where it reads as well',
      }),
      search_path: z.array(schemaName).optional().meta({
        description:
          'Schemas in which the plan’s SQL looks up names without a schema, in this order; public when left out',
      }),
      trusts: z.array(text).default([]).meta({
        description:
          'Roles whose functions may run while the guard reads: they can then see what it sees. The bootstrap superuser is always trusted',
      }),
      allow_superuser: z.boolean().default(false).meta({
        description: 'For local development only: the guard logs in as a superuser. Every status shows it',
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
