import type { Capture } from '../baseline/capture.ts';
import { baselineOf } from '../core/evidence/baseline.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { lastMarker } from '../core/run/markers.ts';
import { statementsNow } from '../core/run/schema-state.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { askerOf, type StatisticsParts } from '../probes/ask.ts';
import type { Asker } from '../probes/sampling-loop.ts';
import type { Conductor } from '../runs/conductor.ts';
import { addressOf } from '../target/address.ts';
import { loginsOf } from '../target/session-kinds.ts';
import type { TargetConnections } from '../target/target-connections.ts';

/** The logins of the guard and of the application, as far as the plan names them. */
export const loginsInStatistics = (target: EnvironmentPlan['target']): Pick<StatisticsParts, 'guards' | 'users'> => ({
  guards: loginsOf(target),
  users: target.users_url === undefined ? [] : [addressOf(target.users_url).user],
});

export interface ProbeParts {
  readonly loaded: LoadedPlan;
  readonly connections: Pick<TargetConnections, 'probes' | 'users' | 'checks'>;
  readonly conductor: Pick<Conductor, 'state' | 'openRun'>;
  /** Receives the statements that ran between two reads of pg_stat_statements. */
  readonly capture: Pick<Capture, 'interval'>;
}

/** The plan's probes, each with its connection and the state of the run that it needs. */
export function plannedProbes({ loaded, connections, conductor, capture }: ProbeParts): readonly Asker[] {
  const { plan, environment } = loaded;
  const { role_for_phases: phases, trusts } = environment.target;
  const marker = () => {
    const run = conductor.openRun();
    return run === undefined ? undefined : lastMarker(run);
  };
  let held = 0;
  return plan.probes.map((probe) =>
    askerOf(probe, {
      connection: () => connections.probes(held++),
      users: connections.users,
      statements: (asked) => statementsNow(plan, conductor.state(), asked),
      statistics: {
        connection: connections.checks,
        hide: loaded.hide.text,
        trusts,
        ...loginsInStatistics(environment.target),
        notOf: phases === undefined ? [] : [phases],
        mix: (id) => baselineOf(conductor.openRun()?.baseline?.baseline, id)?.statements,
        marker,
        onInterval: capture.interval,
      },
    }),
  );
}
