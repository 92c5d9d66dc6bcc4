import type { Principal } from '../core/authority/roles.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type RunId, runId } from '../core/kernel/ids.ts';
import type { Decision } from '../core/run/decision.ts';
import { StaleSequence } from '../journal/errors.ts';
import type { GuardJournal } from '../journal/under-lease.ts';
import type { LoadedPlan } from '../plan-files/load-plan.ts';
import { markUptime } from '../system/clock.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import type { Conductor } from './conductor.ts';

interface OpeningParts {
  readonly journal: Pick<GuardJournal, 'runs'>;
  readonly loaded: Pick<LoadedPlan, 'environment' | 'recorded'>;
  readonly connections: Pick<GuardedTarget, 'identity'>;
  readonly clock: Clock;
  readonly conductor: Pick<Conductor, 'open'>;
}

/** After this many taken names in a row, the store is not trusted. */
const mostNames = 5;

/** `run-20261122-021407`; a second run opened in the same second gets a number appended. */
function newRunId(clock: Clock, taken: readonly RunId[]): RunId {
  const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = runId(`run-${stamp}`);
  return taken.includes(name) ? runId(`${name}-${taken.length + 1}`) : name;
}

/** Opens a run. Guards of other processes open runs in the same store, so a name that was taken meanwhile is replaced. */
export async function openRun(
  { journal, loaded, connections, clock, conductor }: OpeningParts,
  by: Principal,
): Promise<Decision> {
  for (let tries = 1; ; tries += 1) {
    const taken = (await journal.runs()).map(({ run }) => run);
    const { environment, recorded: plan } = loaded;
    const uptime = markUptime(clock);
    const opening = conductor.open({
      kind: 'open',
      run: newRunId(clock, taken),
      plan,
      environment: environment.name,
      target: connections.identity,
      by,
      ...(uptime !== undefined && { uptime }),
    });
    const decision = await opening.catch((error: unknown) => {
      if (error instanceof StaleSequence && tries < mostNames) return undefined;
      throw error;
    });
    if (decision !== undefined) return decision;
  }
}
