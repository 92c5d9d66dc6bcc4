import { baselineOf } from '../core/evidence/baseline.ts';
import { askerOf } from '../probes/ask.ts';
import type { Asker } from '../probes/sampling-loop.ts';
import type { Capture } from './capture.ts';
import type { Foundation } from './foundation.ts';
import { lastMarker } from './markers.ts';
import { statementsNow } from './schema-state.ts';

/** The probes of the plan, each with what it asks on and what it must know of the run. */
export function plannedAskers(foundation: Foundation, capture: Capture): readonly Asker[] {
  const { loaded, desk, conductor, openRun } = foundation;
  const { plan, environment } = loaded;
  const { role_for_phases: phases } = environment.target;
  const marker = () => {
    const run = openRun();
    return run === undefined ? undefined : lastMarker(run);
  };
  return plan.probes.map((probe, place) =>
    askerOf(probe, {
      connection: () => desk.probes(place),
      users: desk.users,
      statements: (asked) => statementsNow(plan, conductor.state(), asked),
      statistics: {
        connection: desk.checks,
        notOf: phases === undefined ? [] : [phases],
        mix: (id) => baselineOf(openRun()?.baseline?.baseline, id)?.statements,
        marker,
        onInterval: capture.interval,
      },
    }),
  );
}
