import { hashOf } from '../../kernel/hash.ts';
import type { PhaseId } from '../../kernel/ids.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Procedure, restoring, undoing } from '../../response/procedure.ts';
import type { Rollback } from '../../response/rollback.ts';
import { touchedPhases } from '../phases.ts';
import type { RunState } from '../state.ts';
import { orRestore, type Proposal, since } from './attribution.ts';

export type Replan =
  | { readonly goOn: 'as-approved' }
  /** Some of its phases are not applied any more. */
  | { readonly goOn: 'with-less'; readonly spared: readonly PhaseId[] }
  /** It would be something else than what was approved: that is proposed, and this one ends. */
  | { readonly goOn: 'not'; readonly because: string; readonly proposal: Proposal };

type Planned = Exclude<Procedure, { readonly kind: 'person' }>;

/** The procedure for what is to be undone now, and why: the same phase and those after it, or all that are applied. */
function proposalNow(plan: Plan, state: RunState, { recommendation }: Rollback, approved: Planned): Proposal {
  const { attributedTo, orderedBy } = state.recommendations.find(({ id }) => id === recommendation) ?? {};
  const by = orderedBy === undefined ? {} : { orderedBy };
  const touched = touchedPhases(state.phases);
  if (approved.kind === 'restore') return { ...by, procedure: restoring(plan, state.environment, touched) };
  if (approved.kind === 'unwind' || attributedTo === undefined)
    return { ...by, procedure: undoing(plan, touched, approved.kind) };
  return { ...by, attributedTo, procedure: undoing(plan, since(state.phases, attributedTo)) };
}

/** Whether the steps of the phases that are left are those that were approved. */
function sameSteps(approved: Planned, now: Procedure): boolean {
  if (now.kind === 'person') return false;
  const left = approved.steps.filter(({ phase }) => phase === undefined || now.phases.includes(phase));
  return hashOf(left) === hashOf(now.steps);
}

/** Is what was approved still what is to be done, now that forward work is proved stopped and every late word is in? */
export function replan(plan: Plan, state: RunState, rollback: Rollback): Replan {
  const { procedure: approved } = rollback;
  if (approved.kind === 'person') return { goOn: 'as-approved' };
  const proposal = proposalNow(plan, state, rollback, approved);
  const now = proposal.procedure;
  const isWhole = approved.kind === 'restore'; // takes back whatever is there
  const more = isWhole ? [] : now.phases.filter((phase) => !approved.phases.includes(phase));
  const spared = isWhole ? [] : approved.phases.filter((phase) => !now.phases.includes(phase));
  const isEmpty = now.phases.length === 0 && !isWhole;
  if (more.length === 0 && (isEmpty || sameSteps(approved, now))) {
    return spared.length === 0 ? { goOn: 'as-approved' } : { goOn: 'with-less', spared };
  }
  const because =
    more.length > 0
      ? `${more.join(' and ')} has been applied since it was approved`
      : 'the plan says by now that it is undone otherwise than was approved';
  return { goOn: 'not', because, proposal: { ...proposal, procedure: orRestore(plan, state, now) } };
}
