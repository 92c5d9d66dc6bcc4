import { unreachable } from '../core/kernel/errors.ts';
import type { RunEvent } from '../core/run/events.ts';
import { sayAuthority } from './say-authority.ts';
import { sayEvidence } from './say-evidence.ts';
import { sayLifecycle } from './say-lifecycle.ts';
import { sayPhase } from './say-phase.ts';
import { sayRecommendation } from './say-recommendation.ts';
import { sayRollback } from './say-rollback.ts';
import { sayWatch } from './say-watch.ts';
import { sentence } from './wording.ts';

/** An event as one line of plain words, for logs, timelines and narration. It is plain text, not Markdown. */
export const sayEvent = (event: RunEvent): string => sentence(say(event));

function say(event: RunEvent): string {
  switch (event.type) {
    case 'run-opened':
    case 'guard-restarted':
    case 'capture-started':
    case 'capture-failed':
    case 'baseline-frozen':
    case 'run-held':
    case 'run-resumed':
    case 'run-closed':
      return sayLifecycle(event);
    case 'phase-started':
    case 'phase-spawned':
    case 'phase-progressed':
    case 'phase-finished':
    case 'phase-failed':
    case 'phase-lost':
    case 'phase-undone':
      return sayPhase(event);
    case 'verdicts-changed':
    case 'finding-changed':
    case 'guard-blinded':
    case 'guard-sighted':
      return sayEvidence(event);
    case 'run-armed':
    case 'run-disarmed':
    case 'arming-expired':
    case 'requirement-waived':
    case 'pre-approval-activated':
    case 'pre-approval-used':
    case 'pre-approval-ended':
      return sayAuthority(event);
    case 'recommendation-raised':
    case 'evidence-joined':
    case 'recommendation-acknowledged':
    case 'recommendation-approved':
    case 'recommendation-declined':
    case 'recommendation-expired':
    case 'recommendation-superseded':
      return sayRecommendation(event);
    case 'rollback-started':
    case 'stop-work-started':
    case 'stop-work-proved':
    case 'step-started':
    case 'step-spawned':
    case 'step-done':
    case 'step-asked':
    case 'step-answered':
    case 'rollback-blocked':
    case 'rollback-unblocked':
    case 'rollback-done':
      return sayRollback(event);
    case 'watch-started':
    case 'watch-advanced':
    case 'watch-relapsed':
    case 'watch-settled':
      return sayWatch(event);
    default:
      return unreachable(event);
  }
}
