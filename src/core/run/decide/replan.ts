import { hashOf } from '../../kernel/hash.ts';
import type { PhaseId } from '../../kernel/ids.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Procedure } from '../../response/procedure.ts';
import type { Rollback } from '../../response/rollback.ts';
import type { RunState } from '../state.ts';
import { orRestore, recomputeProposal, type Proposal } from './attribution.ts';

export type Replan =
  | { readonly goOn: 'as-approved' }
  /** Some of its phases are no longer applied. */
  | { readonly goOn: 'with-less'; readonly spared: readonly PhaseId[] }
  /** The procedure would differ from the approved one: this rollback ends and the guard proposes the new one. */
  | { readonly goOn: 'not'; readonly because: string; readonly proposal: Proposal };

type Planned = Exclude<Procedure, { readonly kind: 'person' }>;

/** Whether the remaining phases have the steps that were approved. */
function sameSteps(approved: Planned, now: Procedure): boolean {
  if (now.kind === 'person') return false;
  const left = approved.steps.filter(({ phase }) => phase === undefined || now.phases.includes(phase));
  return hashOf(left) === hashOf(now.steps);
}

/** Whether the rollback was approved under the current plan. */
export function isOfThisPlan({ recommendations, plan }: RunState, rollback: Rollback): boolean {
  const of = recommendations.find(({ id }) => id === rollback.recommendation);
  return of === undefined || of.binding.planHash === plan.hash;
}

/** Checks whether the approved procedure still fits, now that forward work is proved stopped and all late reports are in. */
export function replan(plan: Plan, state: RunState, rollback: Rollback): Replan {
  const { procedure: approved } = rollback;
  if (approved.kind === 'person') return { goOn: 'as-approved' };
  const recommendation = state.recommendations.find(({ id }) => id === rollback.recommendation);
  const proposal = recomputeProposal(plan, state, { ...recommendation, procedure: approved });
  const now = proposal.procedure;
  const isWhole = approved.kind === 'restore'; // undoes whatever was applied
  const more = isWhole ? [] : now.phases.filter((phase) => !approved.phases.includes(phase));
  const spared = isWhole ? [] : approved.phases.filter((phase) => !now.phases.includes(phase));
  const isEmpty = now.phases.length === 0 && !isWhole;
  if (more.length === 0 && (isEmpty || (isOfThisPlan(state, rollback) && sameSteps(approved, now)))) {
    return spared.length === 0 ? { goOn: 'as-approved' } : { goOn: 'with-less', spared };
  }
  const because =
    more.length > 0
      ? `${more.join(' and ')} has been applied since it was approved`
      : sameSteps(approved, now)
        ? 'the plan was edited since it was approved'
        : 'the plan now says to undo it in another way than was approved';
  return { goOn: 'not', because, proposal: { ...proposal, procedure: orRestore(plan, state, now) } };
}
