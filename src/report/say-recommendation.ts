import { sayTime } from '../core/kernel/duration.ts';
import type { RecommendationEvent } from '../core/response/events.ts';
import { sayProcedure } from '../core/response/procedure.ts';
import { quoted, sayRole, sayVerdict } from './wording.ts';

type Raised = Extract<RecommendationEvent, { type: 'recommendation-raised' }>;
type Approved = Extract<RecommendationEvent, { type: 'recommendation-approved' }>;

function sayRaised({ recommendation, procedure, evidence, expiresAt, notAutomaticBecause, orderedBy }: Raised): string {
  if (orderedBy !== undefined) return `${orderedBy} ordered, as ${recommendation}: ${sayProcedure(procedure)}`;
  const why = evidence.map(sayVerdict).join('; ');
  const next =
    notAutomaticBecause.length === 0
      ? 'A pre-approval covers it'
      : `It waits for an answer until ${sayTime(expiresAt)}`;
  return `Recommendation ${recommendation}: ${sayProcedure(procedure)}. Evidence for it: ${why}. ${next}`;
}

function sayApproved({ recommendation, by, role, reason, complete }: Approved): string {
  if (by === 'pre-approval') return `Recommendation ${recommendation} is approved beforehand: ${reason}`;
  const missing = complete ? '' : ' Another approval is needed beside it';
  return `${by} (${sayRole(role)}) approved ${recommendation}${quoted(reason)}.${missing}`;
}

/** A recommendation and its answers, in plain words. */
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
    case 'recommendation-expired':
      return `Nobody answered ${recommendation} in time: it has expired`;
    case 'recommendation-superseded':
      return `Recommendation ${recommendation} no longer fits: ${event.because}`;
  }
}
