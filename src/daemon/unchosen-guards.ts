import type { AbsentGuard } from '../api/fleet.ts';
import type { GuardName } from '../api/guard.ts';
import type { RunId } from '../core/kernel/ids.ts';
import { readEvent } from '../core/run/catalogue.ts';
import { readRecordedPlan } from '../core/plan/recorded.ts';
import type { Journal } from '../journal/journal.ts';
import { loadRun } from '../runs/recorded-run.ts';
import { tokenMatches } from '../runs/token-hash.ts';

/** A guard with an open run in the journal and no plan among those that the daemon was given: nobody guards that run. */
export interface UnchosenGuard extends AbsentGuard {
  readonly name: GuardName;
  readonly run: RunId;
}

const sayWhy = (run: RunId): string =>
  `run ${run} is open in the journal, and nobody guards it: no plan that the daemon was given is its plan. Start the daemon with that plan as well`;

/**
 * The tokens of the plan that the run's journal has. If that plan cannot be read, any token may be in it: no command may reach
 * another guard because of that.
 */
async function tokensOf(store: Pick<Journal, 'read'>, run: RunId, environment: string): Promise<AbsentGuard['knows']> {
  try {
    const recorded = (await loadRun(store, run))?.recordedPlan;
    if (recorded === undefined) return () => true;
    const { principals } = readRecordedPlan(recorded, environment);
    return (token) => principals.some(({ token_hash: hash }) => tokenMatches(token, hash));
  } catch {
    return () => true;
  }
}

/** Every guard that has an open run in the journal and is not chosen. */
export async function unchosenGuards(
  store: Pick<Journal, 'read' | 'runs'>,
  isChosen: (name: GuardName) => boolean,
): Promise<readonly UnchosenGuard[]> {
  const found: UnchosenGuard[] = [];
  for (const { run, first, last } of await store.runs()) {
    const opened = first && last?.type !== 'run-closed' ? readEvent(first) : undefined;
    if (opened?.type !== 'run-opened') continue;
    const name = { plan: opened.plan.name, target: opened.environment };
    if (isChosen(name) || found.some((one) => one.name.plan === name.plan && one.name.target === name.target)) continue;
    const because = sayWhy(run);
    found.push({ name, run, because, told: because, knows: await tokensOf(store, run, name.target) });
  }
  return found;
}
