import type { Hide } from '../core/kernel/hide-document.ts';
import type { GuardId, RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import { readEvent } from '../core/run/catalogue.ts';
import type { RunEvent } from '../core/run/events.ts';
import { fold } from '../core/run/fold.ts';
import type { RunState } from '../core/run/state.ts';
import { type Entry, isOwnStream, type RunSummary } from '../journal/journal.ts';
import type { GuardJournal } from '../journal/under-lease.ts';

/** A run in a list of runs. */
export interface ListedRun {
  readonly run: RunId;
  readonly plan: string;
  readonly environment: string;
  readonly openedAt: Instant;
  readonly closedAt?: Instant;
}

/** The runs of one guard in the store, without other guards' runs and without own streams. */
export interface StoredRuns {
  entries(run: RunId, afterSeq?: number): Promise<readonly Entry<RunEvent>[]>;
  state(run: RunId): Promise<RunState | undefined>;
  /** The newest run comes first. */
  list(): Promise<readonly ListedRun[]>;
}

/** Derives the entry from the run's first and last event: nothing follows the closing of a run. */
function listed({ run, first, last }: RunSummary): readonly ListedRun[] {
  const opened = first && readEvent(first);
  if (opened?.type !== 'run-opened') return [];
  const { plan, environment, at: openedAt } = opened;
  const closed = last?.type === 'run-closed' ? { closedAt: last.at } : {};
  return [{ run, plan: plan.name, environment, openedAt, ...closed }];
}

export function storedRuns(journal: Pick<GuardJournal, 'read' | 'runs'>, guard: GuardId, hide: Hide): StoredRuns {
  const read = async (run: RunId, afterSeq = 0) => {
    if (isOwnStream(run)) return [];
    const entries = await journal.read(run, afterSeq);
    return entries
      .filter((entry) => entry.guard === guard)
      .map((entry) => ({ ...entry, event: readEvent(entry.event) }));
  };
  return {
    entries: read,
    state: async (run) =>
      fold(
        undefined,
        (await read(run)).map(({ event }) => hide(event)),
      ),
    list: async () => (await journal.runs(guard)).flatMap(listed),
  };
}
