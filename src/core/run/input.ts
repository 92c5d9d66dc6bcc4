import type { Principal } from '../authority/roles.ts';
import type { Baseline } from '../evidence/baseline.ts';
import type { Boundary } from '../evidence/boundary.ts';
import type { Fault, Finding } from '../evidence/finding.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import type {
  Hash,
  PhaseId,
  PreApprovalId,
  PrincipalId,
  QuestionId,
  RecommendationId,
  RollbackId,
  RunId,
  StepId,
  Sense,
  UndoRevision,
} from '../kernel/ids.ts';
import type { UptimeMark } from '../kernel/clock.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { RecordedPlan } from '../plan/recorded.ts';
import type { Child, RollbackEvent } from '../response/events.ts';
import type { Script } from '../response/scripts.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { CancelOutcome, ComparedBoundary, Supervisor } from './events.ts';

export interface OpenInput {
  readonly kind: 'open';
  readonly run: RunId;
  readonly plan: RecordedPlan;
  readonly environment: string;
  readonly target: TargetIdentity;
  readonly by: Principal;
  /** As the machine tells it now. */
  readonly uptime?: UptimeMark;
}

/** What the guard has seen since the last look. */
export interface LookInput {
  readonly kind: 'look';
  readonly verdicts: readonly Verdict[];
  readonly blind: readonly Sense[];
  /** Watched since the last record in the journal. */
  readonly unrecorded: Millis;
}

export type BaselineInput =
  | { readonly kind: 'capture'; readonly length: Millis; readonly by: Principal }
  | { readonly kind: 'captured'; readonly baseline: Baseline; readonly hash: Hash }
  | { readonly kind: 'capture-failed'; readonly because: string };

/** A report of a phase's wrapper. `tag` names the attempt that it speaks of; without one it is the latest. */
interface Report {
  readonly phase: PhaseId;
  readonly by: Principal;
  readonly tag?: string | undefined;
}

export type PhaseInput =
  | {
      readonly kind: 'phase-start';
      readonly phase: PhaseId;
      readonly by: Principal;
      readonly supervisor: Supervisor;
      /** Of the plan that the command was read from; absent where it was given by hand. */
      readonly planHash?: Hash | undefined;
      /** Absent when the question is only whether it may start: the boundary is not taken in vain. */
      readonly boundary?: Boundary;
    }
  | (Report & { readonly kind: 'phase-spawned'; readonly child: Child })
  | (Report & { readonly kind: 'phase-progress'; readonly fraction: number })
  | (Report & { readonly kind: 'phase-finish' })
  | (Report & {
      readonly kind: 'phase-fail';
      readonly exitCode: number | null;
      readonly because: string;
      readonly neverBegan?: true;
    })
  | { readonly kind: 'phase-lost'; readonly phase: PhaseId };

export type CancelInput =
  /** A fault of the check `lock-queue`: is the phase's statement to be cancelled? */
  | { readonly kind: 'phase-cancel'; readonly fault: Fault }
  /** What came of it. */
  | {
      readonly kind: 'phase-cancelled';
      readonly phase: PhaseId;
      readonly outcome: CancelOutcome;
      readonly said?: string;
    };

/** The word of somebody who was asked. It counts for what they had read, not for what is asked once it arrives. */
interface Answer {
  readonly by: Principal;
  readonly questionId: QuestionId;
}

/** The word of somebody who lets the guard do more. It counts for the plan that they had read. */
interface Authorising {
  readonly by: Principal;
  readonly planHash: Hash;
}

export type AnswerInput =
  | (Answer & {
      readonly kind: 'approve';
      readonly recommendation: RecommendationId;
      readonly reason: string;
      /** The principal knows that the breach is no longer seen. */
      readonly evenIfGone: boolean;
    })
  | (Answer & {
      readonly kind: 'decline';
      readonly recommendation: RecommendationId;
      readonly reason: string;
    })
  | (Answer & { readonly kind: 'acknowledge'; readonly recommendation: RecommendationId });

export type AuthorityInput =
  | (Authorising & {
      readonly kind: 'arm';
      readonly length?: Millis;
      /** What the guard found that it may not do, one sentence each. */
      readonly shortcomings?: readonly string[];
      /** Why the phases' role could log in again while it is undone, likewise. */
      readonly unfenced?: readonly string[];
    })
  | { readonly kind: 'disarm'; readonly by: Principal; readonly reason: string }
  | (Authorising & { readonly kind: 'waive'; readonly requirement: string; readonly reason: string })
  | (Authorising & { readonly kind: 'pre-approve'; readonly preApproval: PreApprovalId });

export type LifecycleInput =
  | {
      readonly kind: 'restart';
      /** As it is now. */
      readonly plan: RecordedPlan;
      /** The newest moment that is known to be over (`newestMoment`), if not the run's last event. */
      readonly newest?: Instant;
      /** As the machine tells it now. */
      readonly uptime?: UptimeMark;
      /** Principals whose token in the plan was revoked: the last daemon may have died before it wrote what follows. */
      readonly revoked?: readonly PrincipalId[];
    }
  | { readonly kind: 'hold'; readonly by: Principal; readonly reason: string }
  | (Answer & { readonly kind: 'resume' })
  | { readonly kind: 'close'; readonly by: Principal; readonly reason: string }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'scripts'; readonly scripts: readonly Script[] }
  /** The machine's clocks ran ahead of the guard's by so much more. */
  | { readonly kind: 'clock-ahead'; readonly length: Millis }
  /** Principals whose token in the plan was revoked. */
  | { readonly kind: 'revoked'; readonly principals: readonly PrincipalId[] };

/** The target as sessions find it now, where it is on another timeline or another database has its name. */
export interface TargetInput {
  readonly kind: 'target-changed';
  readonly found: TargetIdentity;
  readonly compared?: ComparedBoundary;
}

export type RollbackInput =
  /** What the executor is about to do, or has seen. */
  | { readonly kind: 'record'; readonly event: RollbackEvent }
  | (Answer & {
      readonly kind: 'confirm';
      /** A step's id, `stop-work`, or `target`, whose change can be confirmed without a rollback as well. */
      readonly step: StepId;
      readonly answer: 'done' | 'again';
      readonly reason: string;
    })
  /** It counts for the rollback that its author had read. */
  | { readonly kind: 'abort'; readonly rollback: RollbackId; readonly by: Principal; readonly reason: string };

/** A rollback that nobody recommended. */
export interface OrderInput extends Authorising {
  readonly kind: 'order';
  /** That phase and those after it; the one that was started last when left out. */
  readonly phase?: PhaseId;
  /** Restore the whole database instead. */
  readonly restore?: true;
  /** What there was to undo when its author looked. */
  readonly undoRevision: UndoRevision;
  readonly reason: string;
}

/** Everything that can happen to an open run. */
export type Input =
  | LookInput
  | BaselineInput
  | PhaseInput
  | CancelInput
  | AnswerInput
  | AuthorityInput
  | LifecycleInput
  | TargetInput
  | OrderInput
  | RollbackInput;
