import type { PhaseId, PrincipalId, RollbackId } from '../../kernel/ids.ts';
import { type Procedure, restoreProcedure, rollbackProcedure } from '../../response/procedure.ts';
import { leftToPeople, type Rollback } from '../../response/rollback.ts';
import type { Plan } from '../../plan/plan.ts';
import { faultKeysOf, type Verdict } from '../../verdicts/verdict.ts';
import { hasTouched, latestPhase, type PhaseState, touchedPhases } from '../phases.ts';
import { triedIn } from '../response.ts';
import type { RunState } from '../state.ts';

/**
 * For each faulty object: the latest started phase at whose boundary the breach did not exist yet. Undefined if the breach
 * is older than every phase.
 */
export function attribute(phases: readonly PhaseState[], verdict: Verdict): readonly (PhaseId | undefined)[] {
  const touched = phases.filter(hasTouched);
  if (verdict.criterion === 'runtime') return [touched.find(({ phase }) => phase === verdict.subject)?.phase];
  return faultKeysOf(verdict).map(
    (faultKey) => touched.findLast(({ troubled }) => !troubled.includes(faultKey))?.phase,
  );
}

export interface Proposal {
  readonly attributedTo?: PhaseId;
  readonly procedure: Procedure;
  /** The principal who ordered the rollback. An order needs no evidence. */
  readonly orderedBy?: PrincipalId;
}

/** The given phase and the phases after it that may have changed the database. */
export const since = (phases: readonly PhaseState[], first: PhaseId): readonly PhaseId[] =>
  phases
    .slice(phases.findIndex(({ phase }) => phase === first))
    .filter(hasTouched)
    .map(({ phase }) => phase);

const fell = (restore: RollbackId): string => `the restore ${restore} failed, and Ripcord never retries it by itself`;

/** Falls back to a restore if scripts cannot undo the phases, or to a person if the environment has no restore either. */
export function orRestore(plan: Plan, state: RunState, procedure: Procedure): Procedure {
  if (procedure.kind !== 'person') return procedure;
  const { restore: gone } = triedIn(state.response);
  if (gone !== undefined) return { ...procedure, because: fell(gone) };
  const restore = restoreProcedure(plan, state.environment, touchedPhases(state.phases));
  return restore.kind === 'person' ? procedure : restore;
}

/** The procedure after a failed rollback: never the same one again, and none that contains the same steps. */
function nextRung(plan: Plan, state: RunState, rollback: Rollback): Procedure {
  const { id, procedure } = rollback;
  const { restore: gone } = triedIn(state.response);
  const touched = touchedPhases(state.phases).toReversed();
  const phases = touched.length > 0 ? touched : procedure.phases;
  if (gone !== undefined) {
    const left = leftToPeople(rollback);
    const rest = left.length === 0 ? '' : `; left to you: ${left.join(', ')}`;
    return { kind: 'person', phases, because: `${fell(gone)}${rest}` };
  }
  const restore = restoreProcedure(plan, state.environment, phases);
  if (restore.kind !== 'person') return restore;
  const end =
    rollback.aborting === undefined
      ? `the rollback ${id} ended before its last step`
      : `${rollback.aborting.by} aborted the rollback ${id} before its last step`;
  return { ...restore, because: `${end}, and ${restore.because}` };
}

/** The procedure to propose for these breaches; undefined while no phase has changed anything. */
export function propose(plan: Plan, state: RunState, breaches: readonly Verdict[]): Proposal | undefined {
  const { givenUp } = triedIn(state.response);
  if (givenUp !== undefined) return { procedure: nextRung(plan, state, givenUp) };
  if (latestPhase(state.phases) === undefined) return undefined;
  const implicated = breaches.flatMap((verdict) => attribute(state.phases, verdict));
  const first = state.phases.find(({ phase }) => implicated.includes(phase))?.phase;
  const several = implicated.includes(undefined) || new Set(implicated).size > 1;
  if (several && plan.several_phases === 'restore') {
    const phases = touchedPhases(state.phases);
    const because = 'the plan requires a restore when several phases are implicated';
    return { procedure: orRestore(plan, state, { kind: 'person', phases, because }) };
  }
  if (first !== undefined && !(several && plan.several_phases === 'unwind')) {
    return {
      attributedTo: first,
      procedure: orRestore(plan, state, rollbackProcedure(plan, since(state.phases, first))),
    };
  }
  return { procedure: orRestore(plan, state, rollbackProcedure(plan, touchedPhases(state.phases), 'unwind')) };
}

/** What a procedure is meant to achieve: for the guard or for a person, from one phase on or for the whole run. */
export type ProposalScope = Pick<Proposal, 'attributedTo' | 'orderedBy'> & {
  readonly procedure: Pick<Procedure, 'kind'>;
};

/** Recomputes the procedure for the current state. The result has no phases if nothing is left to undo. */
export function recomputeProposal(
  plan: Plan,
  state: RunState,
  { attributedTo, orderedBy, procedure }: ProposalScope,
): Proposal {
  const by = orderedBy === undefined ? {} : { orderedBy };
  const touched = touchedPhases(state.phases);
  if (procedure.kind === 'restore') return { ...by, procedure: restoreProcedure(plan, state.environment, touched) };
  if (procedure.kind === 'unwind' || attributedTo === undefined)
    return {
      ...by,
      procedure: rollbackProcedure(plan, touched, procedure.kind === 'person' ? 'unwind' : procedure.kind),
    };
  return { ...by, attributedTo, procedure: rollbackProcedure(plan, since(state.phases, attributedTo)) };
}
