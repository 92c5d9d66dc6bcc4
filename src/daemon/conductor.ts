import { refuse } from '../core/authority/refusal.ts';
import { closedRun, decide, decideOpen } from '../core/run/decide.ts';
import { type Decision, no } from '../core/run/decision.ts';
import type { RunEvent } from '../core/run/events.ts';
import { evolve } from '../core/run/evolve.ts';
import type { Input, OpenInput } from '../core/run/input.ts';
import { readEvent } from '../core/run/catalogue.ts';
import type { RunState } from '../core/run/state.ts';
import type { RunId } from '../core/kernel/ids.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Entry, Journal } from '../journal/journal.ts';
import { inTurn } from './in-turn.ts';

/** Told after the events are durable, never before. */
export type Listener = (entries: readonly Entry<RunEvent>[], state: RunState) => void;

/** The one place where a run's state changes: input, decision, journal, state, in this order and one at a time. */
export interface Conductor {
  /** The newest run, open or closed; undefined before the first. */
  state(): RunState | undefined;
  open(input: OpenInput): Promise<Decision>;
  /**
   * Rejects with the journal's error when the events could not be written; then nothing has happened. What somebody meant
   * for a certain run is refused when another is the newest by the time that it is its turn.
   */
  submit(input: Input, meantFor?: RunId): Promise<Decision>;
  /** Until the signal, if there is one, is aborted. */
  listen(listener: Listener, signal?: AbortSignal): void;
}

/** The answer to what is asked of a run before there is one. */
export const noRun = refuse('no-run', 'no run is open', 'an open run', 'Open one: ripcord run open');

export interface ConductorParts {
  readonly journal: Pick<Journal, 'append' | 'read'>;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly run?: RunId;
}

/** Rebuilds the state of a run from its journal. */
export async function loadRun(journal: Pick<Journal, 'read'>, run: RunId): Promise<RunState | undefined> {
  const entries = await journal.read(run);
  return entries.reduce<RunState | undefined>((state, { event }) => evolve(state, readEvent(event)), undefined);
}

export async function startConductor({ journal, plan, clock, run }: ConductorParts): Promise<Conductor> {
  const listeners = new Set<Listener>();
  let state = run === undefined ? undefined : await loadRun(journal, run);
  const turn = inTurn();

  const append = async (decision: Decision, of: RunId, seq: number): Promise<Decision> => {
    if ('refused' in decision || decision.events.length === 0) return decision;
    const entries = await journal.append(of, seq, decision.events);
    // What was stored is folded, as it will be after a restart.
    state = entries.reduce<RunState | undefined>((so, { event }) => evolve(so, event), seq === 0 ? undefined : state);
    if (state !== undefined) for (const listener of listeners) listener(entries, state);
    return decision;
  };

  return {
    state: () => state,
    open: (input) =>
      turn(() => {
        const open = state?.closed === undefined ? state : undefined;
        return append(decideOpen(plan, open, input, clock.now()), input.run, 0);
      }),
    submit: (input, meantFor) =>
      turn(async () => {
        if (state === undefined) throw new TypeError(`nothing can be submitted before a run is open: ${input.kind}`);
        if (meantFor !== undefined && meantFor !== state.run) return no(closedRun(meantFor));
        return append(decide(plan, state, input, clock.now()), state.run, state.seq);
      }),
    listen(listener, signal) {
      if (signal?.aborted === true) return;
      listeners.add(listener);
      signal?.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
  };
}
