import { type PhaseId, type PrincipalId, type QuestionId, type RecommendationId, questionId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { Contact } from '../plan/plan.ts';
import { keyOf, type Verdict } from '../verdicts/verdict.ts';
import { sameBinding } from './binding.ts';
import type { Binding, RecommendationEvent } from './events.ts';
import type { Procedure } from './procedure.ts';

export interface Approval {
  readonly by: PrincipalId | 'pre-approval';
  readonly role: string;
  readonly reason: string;
  readonly at: Instant;
  readonly binding: Binding;
  readonly expiresAt: Instant;
  /** The approval lapsed before others joined it. */
  readonly ended?: true;
  /** The token that gave it was revoked. */
  readonly revoked?: true;
}

/** The approval has expired; or it lies in the future, which means that the clock was set back and its age is unknown. */
export const isLapsed = ({ ended, at, expiresAt }: Approval, now: Instant): boolean =>
  ended === true || expiresAt <= now || at > now;

/** Evidence that was added after the recommendation was raised; an earlier answer may not cover it. */
export interface Joined {
  readonly questionId: QuestionId;
  readonly at: Instant;
  /** One sentence each. */
  readonly what: readonly string[];
}

export interface Recommendation {
  readonly id: RecommendationId;
  /** An answer is bound to it; added evidence makes it a new question. */
  readonly questionId: QuestionId;
  /** The evidence added since it was raised, the newest last. */
  readonly joined?: readonly Joined[];
  readonly state: 'open' | 'approved' | 'declined' | 'expired' | 'superseded' | 'withdrawn';
  readonly raisedAt: Instant;
  readonly expiresAt: Instant;
  readonly evidence: readonly Verdict[];
  readonly attributedTo?: PhaseId;
  readonly procedure: Procedure;
  readonly binding: Binding;
  readonly notAutomaticBecause: readonly string[];
  /** The principal who ordered the rollback. An order needs no evidence. */
  readonly orderedBy?: PrincipalId;
  /** The contacts of the plan that it is addressed to; others may answer too. */
  readonly addressedTo?: readonly Contact[];
  /** The unanswered recommendations that it follows, the oldest first. */
  readonly unanswered?: readonly RecommendationId[];
  readonly acknowledgedBy?: PrincipalId;
  /** The version of the question that they had seen. */
  readonly acknowledgedAs?: QuestionId;
  readonly approvals: readonly Approval[];
  /** Who answered, and why. */
  readonly answer?: { readonly by: string; readonly reason: string; readonly at: Instant };
}

function raised(event: Extract<RecommendationEvent, { type: 'recommendation-raised' }>, seq: number): Recommendation {
  const { recommendation: id, at, expiresAt, evidence, attributedTo, procedure, binding, notAutomaticBecause } = event;
  const { addressedTo, unanswered } = event;
  return {
    id,
    questionId: questionId(seq),
    state: 'open',
    raisedAt: at,
    expiresAt,
    evidence,
    procedure,
    binding,
    notAutomaticBecause,
    approvals: [],
    ...(event.orderedBy !== undefined && { orderedBy: event.orderedBy }),
    ...(attributedTo !== undefined && { attributedTo }),
    ...(addressedTo !== undefined && { addressedTo }),
    ...(unanswered !== undefined && { unanswered }),
  };
}

/** Newer evidence with the same key replaces older evidence. */
function joined(before: readonly Verdict[], more: readonly Verdict[]): readonly Verdict[] {
  const keys = new Set(more.map(keyOf));
  return [...before.filter((verdict) => !keys.has(keyOf(verdict))), ...more];
}

function joinedBy(
  one: Recommendation,
  { evidence, at }: Extract<RecommendationEvent, { type: 'evidence-joined' }>,
  seq: number,
): Recommendation {
  const what = evidence.map(({ summary }) => summary);
  const now = questionId(seq);
  return {
    ...one,
    questionId: now,
    joined: [...(one.joined ?? []), { questionId: now, at, what }],
    evidence: joined(one.evidence, evidence),
  };
}

function answered(one: Recommendation, event: RecommendationEvent, seq: number): Recommendation {
  switch (event.type) {
    case 'recommendation-raised':
      return raised(event, seq);
    case 'evidence-joined':
      return joinedBy(one, event, seq);
    case 'recommendation-acknowledged':
      return { ...one, acknowledgedBy: event.by, acknowledgedAs: event.questionId ?? one.questionId };
    case 'recommendation-approved': {
      const { by, role, reason, at, binding, expiresAt } = event;
      const approvals = [...one.approvals, { by, role, reason, at, binding, expiresAt }];
      const answer = { by, reason, at };
      return event.complete ? { ...one, state: 'approved', approvals, answer } : { ...one, approvals };
    }
    case 'recommendation-declined':
      return { ...one, state: 'declined', answer: { by: event.by, reason: event.reason, at: event.at } };
    case 'approval-expired':
      return {
        ...one,
        approvals: one.approvals.map((approval) =>
          approval.by === event.by && (event.because !== undefined || isLapsed(approval, event.at))
            ? { ...approval, ended: true, ...(event.because !== undefined && { revoked: true }) }
            : approval,
        ),
      };
    case 'recommendation-expired':
      return { ...one, state: 'expired' };
    case 'recommendation-withdrawn':
      return { ...one, state: 'withdrawn', answer: { by: 'guard', reason: event.because, at: event.at } };
    case 'recommendation-superseded':
      return { ...one, state: 'superseded', answer: { by: 'guard', reason: event.because, at: event.at } };
  }
}

/** `seq` is the event's position in its run. */
export function evolveRecommendations(
  all: readonly Recommendation[],
  event: RecommendationEvent,
  seq: number,
): readonly Recommendation[] {
  if (event.type === 'recommendation-raised') return [...all, raised(event, seq)];
  return all.map((one) => (one.id === event.recommendation ? answered(one, event, seq) : one));
}

/** The approvals that count: each person's last one, if it is in time and given for the current proposal. */
export function validApprovals({ approvals, binding: now }: Recommendation, at: Instant): readonly Approval[] {
  const valid = approvals.filter((one) => !isLapsed(one, at) && sameBinding(one.binding, now));
  return valid.filter(({ by }, place) => valid.findLastIndex((one) => one.by === by) === place);
}

export const openRecommendation = (all: readonly Recommendation[]): Recommendation | undefined =>
  all.find(({ state }) => state === 'open');
