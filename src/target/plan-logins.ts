import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { triedRoles } from '../core/plan/logins.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { HeldConnection } from './connection.ts';
import { type Logins, lookAtLogins, missingRoles, missingSchemas } from './permissions.ts';
import type { OfServer } from './session-kinds.ts';

/** What the plan says about its logins and the search path of its SQL. */
export interface WithLogins {
  readonly plan: Pick<Plan, 'criteria'>;
  readonly environment: Pick<EnvironmentPlan, 'target'> & { readonly name: string };
}

class LoginsRefused extends RipcordError {
  constructor(excess: readonly string[]) {
    super(
      {
        found: excess.join('; '),
        wanted: 'logins with only the rights that they need',
        todo: 'Run that, then start again; ripcord doctor names what is left',
      },
      exitCodes.usage,
    );
  }
}

class NamesMissing extends RipcordError {
  constructor(missing: readonly string[]) {
    super(
      {
        found: missing.join('; '),
        wanted:
          'existing schemas and roles: anyone who creates a missing one later decides what the plan means by its name',
        todo: 'Correct target.search_path and target.trusts, or create what is missing',
      },
      exitCodes.usage,
    );
  }
}

/** Schemas of the plan's path and trusted roles that do not exist, one sentence each with the plan's key. */
export async function namesMissing(
  control: Pick<HeldConnection, 'query'>,
  { environment: { name, target } }: WithLogins,
): Promise<readonly string[]> {
  const { search_path: path = [], trusts } = target;
  const place = `environments.${name}.target`;
  const [schemas, roles] = [await missingSchemas(control, path), await missingRoles(control, trusts)];
  return [
    ...schemas.map((at) => `the database has no schema ${path[at]}, which ${place}.search_path[${at}] names`),
    ...roles.map((at) => `the server has no role ${trusts[at]}, which ${place}.trusts[${at}] names`),
  ];
}

export const lookAtPlanLogins = (
  control: Pick<HeldConnection, 'query'>,
  { plan, environment: { target } }: WithLogins,
  at: OfServer = {},
): Promise<Logins> => lookAtLogins(control, { ...target, ...at }, triedRoles(plan));

/** Rejects unless each login has only the rights for its purpose, and the search path of the plan's SQL exists. */
export async function requireLogins(
  control: Pick<HeldConnection, 'query'>,
  wanted: WithLogins,
  at: OfServer = {},
): Promise<void> {
  const { excess } = await lookAtPlanLogins(control, wanted, at);
  if (excess.length > 0) throw new LoginsRefused(excess);
  const missing = await namesMissing(control, wanted);
  if (missing.length > 0) throw new NamesMissing(missing);
}
