import { z } from 'zod';

import { databaseAddress, estimate, id, text } from './quantities.ts';
import { restore, stopWork } from './procedures.ts';

/** Anyone who may create schemas could create the schema `"$user"` after the login and shadow names. */
const schemaName = text.refine((name) => name !== '$user' && !name.startsWith('pg_temp'), {
  error: 'wanted the name of a schema other than $user and pg_temp',
});

export const environment = z
  .strictObject({
    target: z.strictObject({
      url: databaseAddress.meta({ description: 'postgres://user@host:port/database; prefer ${env:NAME} or url_file' }),
      users_url: databaseAddress.optional().meta({
        description:
          'The application’s login at the address that users connect to, such as a pooler’s. Each SQL probe has a second series of readings there, and probes with transaction run there. Without it, every tenth reading opens a new connection to url',
      }),
      rollback_url: databaseAddress.optional().meta({
        description:
          'The login for rollback steps, if the guard’s own login can only read. By default url; never the login of the phases',
      }),
      read_url: databaseAddress.optional().meta({
        description:
          'The login that reads user data: for probes, the plan’s SQL and checks that read rows. By default url, which is meant for development',
      }),
      reach_url: databaseAddress.optional().meta({
        description:
          'The login that tries what the watched roles can read: a member of those roles and of no other. Without it, url tries if it also reads',
      }),
      search_path: z.array(schemaName).optional().meta({
        description: 'The schemas in which the plan’s SQL looks up unqualified names, in this order; by default public',
      }),
      trusts: z.array(text).default([]).meta({
        description:
          'Roles whose functions may run while the guard reads; such functions can see what the guard sees. The bootstrap superuser is always trusted',
      }),
      allow_superuser: z.boolean().default(false).meta({
        description: 'For local development only: allows the guard to log in as a superuser. Every status shows it',
      }),
      role_for_phases: text.optional().meta({
        description:
          'The role that only the phases log in with. To stop forward work, Ripcord ends its sessions and revokes its login until the rollback is over',
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
