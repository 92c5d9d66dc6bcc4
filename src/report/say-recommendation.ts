import { sayTime } from '../core/kernel/duration.ts';
import type { RecommendationEvent } from '../core/response/events.ts';
import { sayProcedure } from '../core/response/procedure.ts';
import { and, quoted, sayContact, sayRole, sayVerdict } from './wording.ts';

type Raised = Extract<RecommendationEvent, { type: 'recommendation-raised' }>;
type Approved = Extract<RecommendationEvent, { type: 'recommendation-approved' }>;

/** Who is to answer, and whether somebody else was asked before. */
function sayAsked({ addressedTo = [], unanswered = [] }: Raised): string {
  const before = unanswered.length === 0 ? '' : `Nobody answered ${and(unanswered)}. `;
  return addressedTo.length === 0 ? before : `${before}Asked now: ${and(addressedTo.map(sayContact))}. `;
}

function sayRaised(event: Raised): string {
  const { recommendation, procedure, evidence, expiresAt, notAutomaticBecause, orderedBy } = event;
  if (orderedBy !== undefined)
    return `${orderedBy} ordered, as ${recommendation}: ${sayProcedure(procedure)}. ${sayAsked(event)}`.trimEnd();
  const why = evidence.map(sayVerdict).join('; ');
  const next =
    notAutomaticBecause.length === 0
      ? 'A pre-approval covers it'
      : `${sayAsked(event)}It waits for an answer until ${sayTime(expiresAt)}`;
  return `Recommendation ${recommendation}: ${sayProcedure(procedure)}. Evidence: ${why}. ${next}`;
}

function sayApproved({ recommendation, by, role, reason, complete }: Approved): string {
  if (by === 'pre-approval') return `Recommendation ${recommendation} was pre-approved: ${reason}`;
  const missing = complete ? '' : ' It needs another approval';
  return `${by} (${sayRole(role)}) approved ${recommendation}${quoted(reason)}.${missing}`;
}

/** Describes a recommendation and its answers. */
export function sayRecommendation(event: RecommendationEvent): string {
  const { recommendation } = event;
  switch (event.type) {
    case 'recommendation-raised':
      return sayRaised(event);
    case 'evidence-joined':
      return `More evidence for ${recommendation}: ${event.evidence.map(sayVerdict).join('; ')}`;
    case 'recommendation-acknowledged':
      return `${event.by} has seen recommendation ${recommendation}`;
    case 'recommendation-approved':
      return sayApproved(event);
    case 'recommendation-declined':
      return `${event.by} declined ${recommendation}${quoted(event.reason)}`;
    case 'approval-expired':
      return event.because === undefined
        ? `The approval of ${recommendation} by ${event.by} has expired, because nobody else approved in time`
        : `The approval of ${recommendation} by ${event.by} no longer counts, because the token that gave it was revoked`;
    case 'recommendation-withdrawn':
      return `Recommendation ${recommendation} is withdrawn: ${event.because}`;
    case 'recommendation-expired':
      return `Nobody answered ${recommendation} in time: it has expired`;
    case 'recommendation-superseded':
      return `Recommendation ${recommendation} no longer fits: ${event.because}`;
  }
}
