import type { AbsentGuard } from '../api/fleet.ts';
import type { GuardName } from '../api/guard.ts';
import type { RunId } from '../core/kernel/ids.ts';
import { readEvent } from '../core/run/catalogue.ts';
import { readRecordedPlan } from '../core/plan/recorded.ts';
import type { Journal } from '../journal/journal.ts';
import { loadRun } from '../runs/recorded-run.ts';
import { tokenMatches } from '../runs/token-hash.ts';

/** An open run in the journal whose plan is none of those that the daemon was given: nobody guards it. */
export interface UnchosenRun extends Pick<AbsentGuard, 'knows'> {
  readonly name: GuardName;
  readonly run: RunId;
}

/** The guard of such a run. `unread`: plan files that were given, and cannot be read: one of them may be its plan. */
export function sayUnchosen({ run, ...guard }: UnchosenRun, unread: readonly string[]): AbsentGuard {
  const why =
    unread.length === 0
      ? 'no plan that the daemon was given is its plan. Start the daemon with that plan as well'
      : `its plan is none of those that the daemon can read. If it is in ${unread.join(' or ')}, correct that file; otherwise start the daemon with its plan as well`;
  const because = `run ${run} is open in the journal, and nobody guards it: ${why}`;
  return { ...guard, because, told: because };
}

/** As a plan file has it once its placeholders are filled in. */
const isHash = (text: unknown): boolean => typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text);

/**
 * The tokens of the plan that the run's journal has. If that plan cannot be read, or has its hashes from the environment or from
 * files, any token may be in it: no command may reach another guard because of that.
 */
async function tokensOf(store: Pick<Journal, 'read'>, run: RunId, environment: string): Promise<AbsentGuard['knows']> {
  try {
    const recorded = (await loadRun(store, run))?.recordedPlan;
    if (recorded === undefined) return () => true;
    const { principals } = readRecordedPlan(recorded, environment);
    if (!principals.every(({ token_hash: hash }) => isHash(hash))) return () => true;
    return (token) => principals.some(({ token_hash: hash }) => tokenMatches(token, hash));
  } catch {
    return () => true;
  }
}

/** Every guard that has an open run in the journal and is not chosen. */
export async function unchosenGuards(
  store: Pick<Journal, 'read' | 'runs'>,
  isChosen: (name: GuardName) => boolean,
): Promise<readonly UnchosenRun[]> {
  const found: UnchosenRun[] = [];
  for (const { run, first, last } of await store.runs()) {
    const opened = first && last?.type !== 'run-closed' ? readEvent(first) : undefined;
    if (opened?.type !== 'run-opened') continue;
    const name = { plan: opened.plan.name, target: opened.environment };
    if (isChosen(name) || found.some((one) => one.name.plan === name.plan && one.name.target === name.target)) continue;
    found.push({ name, run, knows: await tokensOf(store, run, name.target) });
  }
  return found;
}
