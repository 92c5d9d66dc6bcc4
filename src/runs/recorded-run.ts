import type { Hide } from '../core/kernel/hide-document.ts';
import type { RunId } from '../core/kernel/ids.ts';
import { readEvent } from '../core/run/catalogue.ts';
import type { Decision } from '../core/run/decision.ts';
import type { RunEvent } from '../core/run/events.ts';
import { fold } from '../core/run/fold.ts';
import type { RunState } from '../core/run/state.ts';
import { StaleSequence } from '../journal/errors.ts';
import type { Entry } from '../journal/journal.ts';
import type { GuardJournal } from '../journal/under-lease.ts';

/** Called after the events are durable, never before. */
export type Listener = (entries: readonly Entry<RunEvent>[], state: RunState) => void;

/**
 * Rebuilds the state of a run from its journal. `hide` also redacts what an earlier version or another plan left in it,
 * because new input is compared with it in redacted form.
 */
export async function loadRun(
  journal: Pick<GuardJournal, 'read'>,
  run: RunId,
  hide: Hide = (value) => value,
): Promise<RunState | undefined> {
  const entries = await journal.read(run);
  return fold(
    undefined,
    entries.map(({ event }) => hide(readEvent(event))),
  );
}

/** How often a decision is repeated because the journal had more than this process knew. */
const mostDecisions = 5;

/** The newest run as the journal has it. The state is folded from what is stored, including what this process itself stored. */
export interface RecordedRun {
  state(): RunState | undefined;
  /** Stores what was decided on the run's events up to `seq`, and folds it; returns a refusal unchanged. */
  append(decision: Decision, of: RunId, seq: number): Promise<Decision>;
  /** Repeats the decision on the newer state if it was made on an old one. */
  onNewest<T>(work: () => Promise<T>): Promise<T>;
  /** Observes until the signal, if any, is aborted. */
  listen(listener: Listener, signal?: AbortSignal): void;
}

export function recordedRun({
  journal,
  hide,
  state: stored,
}: {
  readonly journal: Pick<GuardJournal, 'append' | 'read'>;
  readonly hide: Hide;
  readonly state?: RunState | undefined;
}): RecordedRun {
  const listeners = new Set<Listener>();
  let state = stored;

  /** Folds what was stored, as a restart would. */
  const take = (entries: readonly Entry<RunEvent>[], before: RunState | undefined): void => {
    const events = entries.map(({ event }) => event);
    state = fold(before, events);
    if (state !== undefined) for (const listener of listeners) listener(entries, state);
  };

  const append = async (decision: Decision, of: RunId, seq: number): Promise<Decision> => {
    if ('refused' in decision || decision.events.length === 0) return decision;
    const entries = await journal.append(of, seq, decision.events);
    take(entries, seq === 0 ? undefined : state);
    return decision;
  };

  /** Folds what became durable without this process knowing, such as when the answer to its append was lost. */
  const catchUp = async (stale: StaleSequence): Promise<void> => {
    const entries = state === undefined ? [] : await journal.read(state.run, state.seq);
    if (entries.length === 0) throw stale; // the journal has less than it acknowledged
    take(
      entries.map((entry) => ({ ...entry, event: hide(readEvent(entry.event)) })),
      state,
    );
  };

  return {
    state: () => state,
    append,
    async onNewest(work) {
      for (let made = 1; ; made += 1) {
        try {
          return await work();
        } catch (error) {
          if (!(error instanceof StaleSequence) || made === mostDecisions) throw error;
          await catchUp(error);
        }
      }
    },
    listen(listener, signal) {
      if (signal?.aborted === true) return;
      listeners.add(listener);
      signal?.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
  };
}
