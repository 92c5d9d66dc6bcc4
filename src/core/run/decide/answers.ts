import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import { counselsOf, needsAlso, type Principal } from '../../authority/roles.ts';
import { sayMoment } from '../../kernel/duration.ts';
import type { RecommendationId } from '../../kernel/ids.ts';
import { after, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Recommendation } from '../../response/recommendation.ts';
import { type Decision, no, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import type { AnswerInput } from '../input.ts';
import { stands } from '../standing.ts';
import type { RunState } from '../state.ts';
import { bindingOf, sameBinding, startRollback } from './raise.ts';

function findOpen(state: RunState, id: RecommendationId, now: Instant): Recommendation | { readonly refused: Refusal } {
  const look = 'See `ripcord run status`';
  const found = state.recommendations.find((one) => one.id === id);
  if (found === undefined) {
    const ids = state.recommendations.map((one) => one.id).join(', ') || 'none was raised';
    return {
      refused: refuse('unknown-recommendation', `there is no recommendation ${id}`, `one of this run: ${ids}`, look),
    };
  }
  if (found.state !== 'open') {
    return { refused: refuse('not-open', `recommendation ${id} is ${found.state}`, 'an open recommendation', look) };
  }
  if (found.expiresAt > now) return found;
  const expired = `recommendation ${id} expired at ${sayMoment(found.expiresAt)}`;
  const again = 'It is raised again as long as the breach lasts; answer that one';
  return { refused: refuse('expired', expired, 'an answer in time', again) };
}

function refuseApproval(
  state: RunState,
  open: Recommendation,
  input: Extract<AnswerInput, { kind: 'approve' }>,
): Refusal | undefined {
  const { procedure, binding, id } = open;
  if (procedure.kind === 'person') {
    return refuse(
      'no-procedure',
      `recommendation ${id} has no procedure that Ripcord could run: ${procedure.because}`,
      'a phase rollback',
      'Act by hand, then decline the recommendation with what you did',
    );
  }
  if (!sameBinding(binding, bindingOf(state, procedure))) {
    return refuse(
      'changed',
      `the plan or the state of a phase has changed since ${id} was raised`,
      'an answer to what is true now',
      'Answer the recommendation that supersedes it',
    );
  }
  const isSeen = open.orderedBy !== undefined || open.evidence.some((verdict) => stands(state.verdicts, verdict));
  if (!isSeen && !input.evenIfGone) {
    return refuse(
      'no-longer-seen',
      `the breach behind ${id} is no longer seen`,
      'a breach, or your word that it shall be rolled back all the same',
      'Look at `ripcord run status`, then approve with --even-if-gone, or decline',
    );
  }
  return undefined;
}

function approve(
  plan: Plan,
  state: RunState,
  input: Extract<AnswerInput, { kind: 'approve' }>,
  now: Instant,
): Decision {
  const denied = refuseWithoutRight(plan, input.by, 'approve-phase-rollback');
  if (denied !== undefined) return no(denied);
  const open = findOpen(state, input.recommendation, now);
  if ('refused' in open) return open;
  const refusal = refuseApproval(state, open, input);
  if (refusal !== undefined) return no(refusal);

  const { by, reason } = input;
  const valid = open.approvals.filter(
    ({ expiresAt, binding }) => expiresAt > now && sameBinding(binding, open.binding),
  );
  const here = [...valid.filter((one) => one.by !== by.id), { by: by.id, role: by.role }];
  const complete = isEnough(plan, here);
  const approval: RunEvent = {
    type: 'recommendation-approved',
    v: 1,
    at: now,
    recommendation: open.id,
    by: by.id,
    role: by.role,
    reason,
    binding: open.binding,
    expiresAt: after(now, plan.answering.approval_expires_after),
    complete,
  };
  return complete
    ? record(approval, startRollback(open, open.orderedBy === undefined ? 'approved' : 'ordered', by.id, now))
    : record(approval);
}

/** One approval is enough, unless its role needs that of somebody else beside it. */
export const isEnough = (plan: Plan, approvals: readonly Pick<Principal, 'role'>[]): boolean =>
  approvals.some((approval) => {
    const other = needsAlso(plan, approval.role);
    if (other === undefined) return mayAlone(plan, approval.role);
    return approvals.some((one) => one !== approval && one.role === other);
  });

/** The seed's authorities: each decides alone, also where the plan wants one of them beside somebody else. */
const authorities = ['database_administrator', 'cto'];

/** Any other role that is needed beside somebody is asked for its counsel; alone it does not decide. */
const mayAlone = (plan: Plan, role: string): boolean => authorities.includes(role) || !counselsOf(plan).includes(role);

export function decideAnswer(plan: Plan, state: RunState, input: AnswerInput, now: Instant): Decision {
  if (input.kind === 'approve') return approve(plan, state, input, now);
  const right = input.kind === 'decline' ? 'approve-phase-rollback' : 'acknowledge';
  const denied = refuseWithoutRight(plan, input.by, right);
  if (denied !== undefined) return no(denied);
  const open = findOpen(state, input.recommendation, now);
  if ('refused' in open) return open;
  const common = { v: 1, at: now, recommendation: open.id, by: input.by.id } as const;
  return input.kind === 'decline'
    ? record({ type: 'recommendation-declined', ...common, reason: input.reason })
    : record({ type: 'recommendation-acknowledged', ...common });
}
