import { isEnough, needsOf } from '../../authority/approvals.ts';
import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import { sayMoment } from '../../kernel/duration.ts';
import type { QuestionId } from '../../kernel/ids.ts';
import { after, type Instant } from '../../kernel/units.ts';
import { rightToApprove } from '../../plan/authority.ts';
import type { Plan } from '../../plan/plan.ts';
import { sameBinding } from '../../response/binding.ts';
import { type Recommendation, validApprovals } from '../../response/recommendation.ts';
import { type Decision, no, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import type { AnswerInput } from '../input.ts';
import { changed } from '../stale.ts';
import { isOngoing } from '../verdict-states.ts';
import type { RunState } from '../state.ts';
import { refuseOverruling } from './overruling.ts';
import { bindingOf, startRollback } from './raise.ts';

/** Rejects an answer to an older question: evidence that joined since then must not be declined or approved unread. */
function refuseUnread(
  { id, questionId: asked, joined = [] }: Recommendation,
  answered: QuestionId,
): Refusal | undefined {
  if (asked === answered) return undefined;
  const since = joined.filter((one) => one.questionId > answered).flatMap(({ what }) => what);
  return changed(since.length === 0 ? id : `${id}, which has new evidence: ${since.join('; ')}`, asked, answered);
}

function findOpen(
  state: RunState,
  { recommendation: id, questionId }: AnswerInput,
  now: Instant,
): Recommendation | { readonly refused: Refusal } {
  const found = state.recommendations.find((one) => one.id === id);
  if (found === undefined) {
    const ids = state.recommendations.map((one) => one.id).join(', ') || 'none was raised';
    return {
      refused: refuse('unknown-recommendation', `there is no recommendation ${id}`, `one of this run: ${ids}`),
    };
  }
  if (found.state !== 'open') {
    return { refused: refuse('not-open', `recommendation ${id} is ${found.state}`, 'an open recommendation') };
  }
  if (found.expiresAt > now) {
    const unread = refuseUnread(found, questionId);
    return unread === undefined ? found : { refused: unread };
  }
  const expired = `recommendation ${id} expired at ${sayMoment(found.expiresAt)}`;
  const again = 'Ripcord raises it again while the breach lasts; answer the new one';
  return { refused: refuse('expired', expired, 'an answer before it expires', again) };
}

/** Approving and declining need the same right: the one for the proposed procedure. */
function refuseDeciding(plan: Plan, state: RunState, { by, recommendation }: AnswerInput): Refusal | undefined {
  const kind = state.recommendations.find(({ id }) => id === recommendation)?.procedure.kind ?? 'phase-rollback';
  return refuseWithoutRight(plan, by, rightToApprove(kind));
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
      `recommendation ${id} has no procedure that Ripcord can run: ${procedure.because}`,
      'a recommendation with a procedure',
      'Act by hand, then decline the recommendation with what you did',
    );
  }
  if (!sameBinding(binding, bindingOf(state, procedure))) {
    return refuse(
      'changed',
      `the plan or the state of a phase has changed since ${id} was raised`,
      'an answer to the current state',
      'Answer the recommendation that supersedes it',
    );
  }
  // A person's order, and the proposal after a failed rollback, do not depend on a breach that could disappear.
  const { evidence } = open;
  const isGone = evidence.length > 0 && !evidence.some((verdict) => isOngoing(state.verdicts, verdict));
  if (isGone && open.orderedBy === undefined && !input.evenIfGone) {
    return refuse(
      'no-longer-seen',
      `the guard no longer sees the breach behind ${id}`,
      'a breach, or your decision to roll back anyway',
      'See `ripcord run status`, then approve with --even-if-gone, or decline',
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
  const denied = refuseDeciding(plan, state, input);
  if (denied !== undefined) return no(denied);
  const open = findOpen(state, input, now);
  if ('refused' in open) return open;
  const refusal = refuseApproval(state, open, input);
  if (refusal !== undefined) return no(refusal);

  const { by, reason } = input;
  const others = validApprovals(open, now).filter((one) => one.by !== by.id);
  const needs = needsOf(plan, state.environment, open.procedure.kind);
  const complete = isEnough(plan, needs, [...others, { by: by.id, role: by.role }]);
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
    questionId: open.questionId,
  };
  return complete
    ? record(approval, startRollback(open, open.orderedBy === undefined ? 'approved' : 'ordered', by.id, now))
    : record(approval);
}

export function decideAnswer(plan: Plan, state: RunState, input: AnswerInput, now: Instant): Decision {
  if (input.kind === 'approve') return approve(plan, state, input, now);
  const denied =
    input.kind === 'decline' ? refuseDeciding(plan, state, input) : refuseWithoutRight(plan, input.by, 'acknowledge');
  if (denied !== undefined) return no(denied);
  const open = findOpen(state, input, now);
  if ('refused' in open) return open;
  const { id: recommendation, questionId } = open;
  const common = { v: 1, at: now, recommendation, by: input.by.id, questionId } as const;
  if (input.kind === 'acknowledge') return record({ type: 'recommendation-acknowledged', ...common });
  const overruling = refuseOverruling(plan, open, input.by, now);
  return overruling === undefined
    ? record({ type: 'recommendation-declined', ...common, reason: input.reason })
    : no(overruling);
}
