import type { ProbePlan } from '../core/plan/questions.ts';
import type { HeldConnection } from '../target/connection.ts';
import type { UsersPath } from '../target/users-path.ts';
import { httpProbe } from './http-probe.ts';
import { prometheusProbe } from './prometheus-probe.ts';
import type { Asker } from './sampling-loop.ts';
import { sqlProbe } from './sql-probe.ts';

export interface AskerParts {
  /** The connection that a SQL probe asks on. Called once for each, and never for an HTTP probe. */
  readonly connection: (plan: ProbePlan) => Pick<HeldConnection, 'query' | 'connect'>;
  /** The path that users take, for every tenth reading in SQL. */
  readonly users?: UsersPath;
  /** What a SQL probe asks now, the likeliest first; called at each reading. */
  readonly statements: (plan: ProbePlan) => readonly string[];
}

/** What the sampling loop needs of a probe in the plan. */
export function askerOf(plan: ProbePlan, { connection, statements, users }: AskerParts): Asker {
  if (plan.http !== undefined) return httpProbe(plan, plan.http);
  if (plan.prometheus !== undefined) return prometheusProbe(plan, plan.prometheus);
  return sqlProbe(plan, connection(plan), {
    statements: () => statements(plan),
    ...(users !== undefined && { users }),
  });
}
