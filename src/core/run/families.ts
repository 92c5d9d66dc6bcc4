import type { AuthorityEvent } from '../authority/events.ts';
import { unreachable } from '../kernel/errors.ts';
import type { RecommendationEvent, RollbackEvent } from '../response/events.ts';
import type { WatchEvent } from '../watch/watch.ts';
import type { EvidenceEvent, LifecycleEvent, PhaseEvent, RunEvent } from './events.ts';

/** What to do with an event of each family; a family is what one room folds and one file puts into words. */
export interface Families<Result> {
  readonly lifecycle: (event: LifecycleEvent) => Result;
  readonly phase: (event: PhaseEvent) => Result;
  readonly evidence: (event: EvidenceEvent) => Result;
  readonly authority: (event: AuthorityEvent) => Result;
  readonly recommendation: (event: RecommendationEvent) => Result;
  readonly rollback: (event: RollbackEvent) => Result;
  readonly watch: (event: WatchEvent) => Result;
}

/** The one place that knows which family an event belongs to: a new kind that has none does not compile. */
export function byFamily<Result>(event: RunEvent, families: Families<Result>): Result {
  switch (event.type) {
    case 'run-opened':
    case 'guard-restarted':
    case 'capture-started':
    case 'capture-failed':
    case 'baseline-frozen':
    case 'run-held':
    case 'run-resumed':
    case 'scripts-seen':
    case 'run-closed':
      return families.lifecycle(event);
    case 'phase-started':
    case 'phase-spawned':
    case 'phase-progressed':
    case 'phase-finished':
    case 'phase-failed':
    case 'phase-lost':
    case 'phase-undone':
    case 'phase-cancel-started':
    case 'phase-cancel-done':
      return families.phase(event);
    case 'verdicts-changed':
    case 'finding-changed':
    case 'guard-blinded':
    case 'guard-sighted':
      return families.evidence(event);
    case 'run-armed':
    case 'run-disarmed':
    case 'arming-expired':
    case 'requirement-waived':
    case 'waiver-ended':
    case 'pre-approval-activated':
    case 'pre-approval-used':
    case 'pre-approval-ended':
      return families.authority(event);
    case 'recommendation-raised':
    case 'evidence-joined':
    case 'recommendation-acknowledged':
    case 'recommendation-approved':
    case 'recommendation-declined':
    case 'approval-expired':
    case 'recommendation-expired':
    case 'recommendation-superseded':
    case 'recommendation-withdrawn':
      return families.recommendation(event);
    case 'rollback-started':
    case 'stop-work-started':
    case 'fence-raised':
    case 'fence-lifted':
    case 'fence-stands':
    case 'stop-work-proved':
    case 'phase-applied':
    case 'step-started':
    case 'step-spawned':
    case 'step-done':
    case 'step-asked':
    case 'step-answered':
    case 'rollback-blocked':
    case 'rollback-unblocked':
    case 'abort-ordered':
    case 'rollback-aborted':
    case 'rollback-done':
      return families.rollback(event);
    case 'watch-started':
    case 'watch-advanced':
    case 'watch-relapsed':
    case 'watch-settled':
      return families.watch(event);
    default:
      return unreachable(event);
  }
}
