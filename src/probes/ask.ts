import type { StatementMix } from '../core/evidence/statement-mix.ts';
import type { StatementInterval } from '../core/evidence/statements.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import { probeId, type ProbeId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { ProbePlan } from '../core/plan/questions.ts';
import type { HeldConnection } from '../target/connection.ts';
import type { UsersPath } from '../target/users-path.ts';
import { httpProbe } from './http-probe.ts';
import { prometheusProbe } from './prometheus-probe.ts';
import type { Asker } from './sampling-loop.ts';
import { sqlProbe } from './sql-probe.ts';
import { usersProbe } from './users-probe.ts';
import { statementReader } from './statement-look.ts';
import { statementsProbe } from './statements-probe.ts';

export interface AskerParts {
  /** Returns the connection for a SQL probe. Called once per SQL probe. */
  readonly connection: (plan: ProbePlan) => Pick<HeldConnection, 'query' | 'connect'>;
  /** The path that the users' connections take. */
  readonly users: UsersPath;
  /** The statements that a SQL probe may run now, the likeliest first. Called for each reading. */
  readonly statements: (plan: ProbePlan) => readonly string[];
  readonly statistics: StatisticsParts;
}

/** What a statements probe needs. */
export interface StatisticsParts {
  readonly connection: Pick<HeldConnection, 'query'>;
  /** Roles whose statements are not the application's, such as the phases' role. */
  readonly notOf: readonly string[];
  /** The guard's own logins. Their statements do not count as the application's unless the plan says so. */
  readonly guards: readonly string[];
  /** Roles that the plan trusts with the guard's rights. */
  readonly trusts: readonly string[];
  /** The application's login, if the plan names it. */
  readonly users: readonly string[];
  /** The mix in the probe's baseline; undefined before a baseline is frozen. */
  readonly mix: (probe: ProbeId) => StatementMix | undefined;
  /** The last marker: slowness is measured from there. */
  readonly marker: () => Instant | undefined;
  readonly onInterval: (probe: ProbeId, interval: StatementInterval) => void;
  /** Removes secrets from a statement's text before it is hashed. */
  readonly hide: HideText;
}

function statementsAsker(
  plan: ProbePlan,
  { of, like }: NonNullable<ProbePlan['statements']>,
  { connection, notOf, guards, trusts, users, mix, marker, onInterval, hide }: StatisticsParts,
): Asker {
  const id = probeId(plan.id);
  const own = guards.filter((login) => of?.includes(login) !== true && !users.includes(login));
  return statementsProbe(plan, {
    reader: statementReader(connection, { of, notOf: [...notOf, ...own], trusts, users, like, hide }),
    mix: () => mix(id),
    marker,
    onInterval: (interval) => onInterval(id, interval),
  });
}

/** What the sampling loop needs of a probe in the plan. */
export function askerOf(plan: ProbePlan, { connection, statements, users, statistics }: AskerParts): Asker {
  if (plan.http !== undefined) return httpProbe(plan, plan.http);
  if (plan.prometheus !== undefined) return prometheusProbe(plan, plan.prometheus);
  if (plan.statements !== undefined) return statementsAsker(plan, plan.statements, statistics);
  if (plan.path === 'users') return usersProbe(plan, { statements: () => statements(plan), users });
  return sqlProbe(plan, connection(plan), {
    statements: () => statements(plan),
    ...(users.asGuard && { fresh: users }),
  });
}
