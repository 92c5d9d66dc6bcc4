import type { AuthorityEvent } from '../authority/events.ts';
import type { RecommendationEvent, RollbackEvent } from '../response/events.ts';
import type { WatchEvent } from '../watch/watch.ts';
import type { EvidenceEvent, LifecycleEvent, PhaseEvent, RunEvent } from './events.ts';

/** A handler for each family of events. One room folds a family, and one file puts it into words. */
export interface Families<Result> {
  readonly lifecycle: (event: LifecycleEvent) => Result;
  readonly phase: (event: PhaseEvent) => Result;
  readonly evidence: (event: EvidenceEvent) => Result;
  readonly authority: (event: AuthorityEvent) => Result;
  readonly recommendation: (event: RecommendationEvent) => Result;
  readonly rollback: (event: RollbackEvent) => Result;
  readonly watch: (event: WatchEvent) => Result;
}

type FamilyOf<Type extends RunEvent['type']> = {
  [Family in keyof Families<void>]: Type extends Parameters<Families<void>[Family]>[0]['type'] ? Family : never;
}[keyof Families<void>];

/** The only place that maps events to families: a new event without a family, or with a wrong one, does not compile. */
const familyOf: { readonly [Type in RunEvent['type']]: FamilyOf<Type> } = {
  'run-opened': 'lifecycle',
  'plan-recorded': 'lifecycle',
  'guard-restarted': 'lifecycle',
  'clock-ran-ahead': 'lifecycle',
  'capture-started': 'lifecycle',
  'capture-failed': 'lifecycle',
  'baseline-frozen': 'lifecycle',
  'run-held': 'lifecycle',
  'run-resumed': 'lifecycle',
  'scripts-seen': 'lifecycle',
  'target-failed-over': 'lifecycle',
  'target-replaced': 'lifecycle',
  'target-confirmed': 'lifecycle',
  'run-closed': 'lifecycle',
  'phase-started': 'phase',
  'phase-spawned': 'phase',
  'phase-progressed': 'phase',
  'phase-finished': 'phase',
  'phase-failed': 'phase',
  'phase-lost': 'phase',
  'phase-undone': 'phase',
  'phase-cancel-started': 'phase',
  'phase-cancel-done': 'phase',
  'verdicts-changed': 'evidence',
  'finding-changed': 'evidence',
  'guard-blinded': 'evidence',
  'guard-sighted': 'evidence',
  'run-armed': 'authority',
  'run-disarmed': 'authority',
  'arming-expired': 'authority',
  'requirement-waived': 'authority',
  'waiver-ended': 'authority',
  'pre-approval-activated': 'authority',
  'pre-approval-used': 'authority',
  'pre-approval-ended': 'authority',
  'recommendation-raised': 'recommendation',
  'evidence-joined': 'recommendation',
  'recommendation-acknowledged': 'recommendation',
  'recommendation-approved': 'recommendation',
  'recommendation-declined': 'recommendation',
  'approval-expired': 'recommendation',
  'recommendation-expired': 'recommendation',
  'recommendation-superseded': 'recommendation',
  'recommendation-withdrawn': 'recommendation',
  'rollback-started': 'rollback',
  'stop-work-started': 'rollback',
  'fence-raised': 'rollback',
  'fence-lifted': 'rollback',
  'fence-stands': 'rollback',
  'stop-work-proved': 'rollback',
  'phase-applied': 'rollback',
  'step-started': 'rollback',
  'step-spawned': 'rollback',
  'step-done': 'rollback',
  'step-asked': 'rollback',
  'step-answered': 'rollback',
  'rollback-blocked': 'rollback',
  'rollback-unblocked': 'rollback',
  'abort-ordered': 'rollback',
  'rollback-aborted': 'rollback',
  'rollback-done': 'rollback',
  'watch-started': 'watch',
  'watch-advanced': 'watch',
  'watch-relapsed': 'watch',
  'watch-settled': 'watch',
};

export function byFamily<Result>(event: RunEvent, families: Families<Result>): Result {
  const handle = families[familyOf[event.type]] as (event: RunEvent) => Result; // `familyOf`'s type guarantees the match
  return handle(event);
}
