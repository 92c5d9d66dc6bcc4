import type { PhaseId } from '../../kernel/ids.ts';
import { type Procedure, undoing } from '../../response/procedure.ts';
import type { Plan } from '../../plan/plan.ts';
import { troublesOf, type Verdict } from '../../verdicts/verdict.ts';
import { hasTouched, latestPhase, type PhaseState } from '../phases.ts';
import type { RunState } from '../state.ts';

/**
 * The phase at whose boundary the breach was not there yet: the latest of those that were started, for each faulty object.
 * Undefined for what was there before every one of them.
 */
export function attribute(phases: readonly PhaseState[], verdict: Verdict): readonly (PhaseId | undefined)[] {
  const touched = phases.filter(hasTouched);
  if (verdict.criterion === 'runtime') return [touched.find(({ phase }) => phase === verdict.subject)?.phase];
  return troublesOf(verdict).map((trouble) => touched.findLast(({ troubled }) => !troubled.includes(trouble))?.phase);
}

export interface Proposal {
  readonly attributedTo?: PhaseId;
  readonly procedure: Procedure;
}

/** That phase and those after it, as far as they have changed something. */
export const since = (phases: readonly PhaseState[], first: PhaseId): readonly PhaseId[] =>
  phases
    .slice(phases.findIndex(({ phase }) => phase === first))
    .filter(hasTouched)
    .map(({ phase }) => phase);

/** What to propose for these breaches; undefined while no phase has changed anything. */
export function propose(plan: Plan, state: RunState, breaches: readonly Verdict[]): Proposal | undefined {
  if (latestPhase(state.phases) === undefined) return undefined;
  const implicated = breaches.flatMap((verdict) => attribute(state.phases, verdict));
  const first = state.phases.find(({ phase }) => implicated.includes(phase))?.phase;
  const several = implicated.includes(undefined) || new Set(implicated).size > 1;
  if (several && plan.several_phases === 'restore') {
    const phases = state.phases.filter(hasTouched).map(({ phase }) => phase);
    return {
      procedure: { kind: 'person', phases, because: 'the plan wants a restore when several phases are implicated' },
    };
  }
  if (first !== undefined && !(several && plan.several_phases === 'unwind')) {
    return { attributedTo: first, procedure: undoing(plan, since(state.phases, first)) };
  }
  const all = state.phases.filter(hasTouched).map(({ phase }) => phase);
  return { procedure: undoing(plan, all) };
}
