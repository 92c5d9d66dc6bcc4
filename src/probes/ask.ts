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
import { statementReader } from './statement-look.ts';
import { statementsProbe } from './statements-probe.ts';

export interface AskerParts {
  /** The connection that a SQL probe asks on. Called once for each, and never for another probe. */
  readonly connection: (plan: ProbePlan) => Pick<HeldConnection, 'query' | 'connect'>;
  /** The path that users take, for every tenth reading in SQL. */
  readonly users?: UsersPath;
  /** What a SQL probe asks now, the likeliest first; called at each reading. */
  readonly statements: (plan: ProbePlan) => readonly string[];
  readonly statistics: StatisticsParts;
}

/** What probes of statements need. */
export interface StatisticsParts {
  readonly connection: Pick<HeldConnection, 'query'>;
  /** Roles whose statements are not the application's, such as the phases'. */
  readonly notOf: readonly string[];
  /** Logins of the guard's own: their statements are not the application's, unless the plan says so. */
  readonly guards: readonly string[];
  /** Roles that the plan trusts with the guard's rights. */
  readonly trusts: readonly string[];
  /** The application's login, where the plan has it. */
  readonly users: readonly string[];
  /** The mix of the probe's baseline; undefined before one is frozen. */
  readonly mix: (probe: ProbeId) => StatementMix | undefined;
  /** The last moment from which on slowness is measured anew. */
  readonly marker: () => Instant | undefined;
  readonly onInterval: (probe: ProbeId, interval: StatementInterval) => void;
  /** Takes the secrets out of the texts, whose hashes are kept. */
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
  return sqlProbe(plan, connection(plan), {
    statements: () => statements(plan),
    ...(users !== undefined && { users }),
  });
}
