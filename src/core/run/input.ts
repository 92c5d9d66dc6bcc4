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
  EvidenceSource,
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
  /** The machine's current uptime. */
  readonly uptime?: UptimeMark;
}

/** The result of one evaluation: what the guard has observed since the previous one. */
export interface EvaluationInput {
  readonly kind: 'evaluation';
  readonly verdicts: readonly Verdict[];
  readonly blind: readonly EvidenceSource[];
  /** Watched time that the journal does not contain yet. */
  readonly unrecorded: Millis;
}

export type BaselineInput =
  | { readonly kind: 'capture'; readonly length: Millis; readonly by: Principal }
  | { readonly kind: 'captured'; readonly baseline: Baseline; readonly hash: Hash }
  | { readonly kind: 'capture-failed'; readonly because: string };

/** A report of a phase's wrapper. `tag` names the attempt; without a tag it concerns the latest one. */
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
      /** Hash of the plan that the command was read from; absent if the command was given by hand. */
      readonly planHash?: Hash | undefined;
      /** Absent if the caller only asks whether the phase may start; this saves taking a boundary. */
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
  /** A fault of the check `lock-queue`: should the phase's statement be cancelled? */
  | { readonly kind: 'phase-cancel'; readonly fault: Fault }
  /** The outcome of the cancellation. */
  | {
      readonly kind: 'phase-cancelled';
      readonly phase: PhaseId;
      readonly outcome: CancelOutcome;
      readonly said?: string;
    };

/** A person's answer. It counts for the question that they had read, not for the one that is open when it arrives. */
interface Answer {
  readonly by: Principal;
  readonly questionId: QuestionId;
}

/** Authorises the guard to do more. It counts for the plan that the principal had read. */
interface Authorising {
  readonly by: Principal;
  readonly planHash: Hash;
}

export type AnswerInput =
  | (Answer & {
      readonly kind: 'approve';
      readonly recommendation: RecommendationId;
      readonly reason: string;
      /** The principal knows that the guard no longer observes the breach. */
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
      /** Permissions that the guard lacks, one sentence each. */
      readonly missingPermissions?: readonly string[];
      /** Why the phases' role could log in again during a rollback, one sentence each. */
      readonly unfenced?: readonly string[];
    })
  | { readonly kind: 'disarm'; readonly by: Principal; readonly reason: string }
  | (Authorising & { readonly kind: 'waive'; readonly requirement: string; readonly reason: string })
  | (Authorising & { readonly kind: 'pre-approve'; readonly preApproval: PreApprovalId });

export type LifecycleInput =
  | {
      readonly kind: 'restart';
      /** The plan as it is now. */
      readonly plan: RecordedPlan;
      /** The newest moment known to have passed (`newestMoment`), if it is not the run's last event. */
      readonly newest?: Instant;
      /** The machine's current uptime. */
      readonly uptime?: UptimeMark;
      /** Principals with a revoked token: the previous daemon may have died before it recorded the consequences. */
      readonly revoked?: readonly PrincipalId[];
    }
  | { readonly kind: 'hold'; readonly by: Principal; readonly reason: string }
  | (Answer & { readonly kind: 'resume' })
  | { readonly kind: 'close'; readonly by: Principal; readonly reason: string }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'scripts'; readonly scripts: readonly Script[] }
  /** How much further the machine's clocks have run ahead of the guard's. */
  | { readonly kind: 'clock-ahead'; readonly length: Millis }
  /** Principals of the plan whose token was revoked. */
  | { readonly kind: 'revoked'; readonly principals: readonly PrincipalId[] };

/** The target as sessions find it now, if it is on another timeline or another database has its name. */
export interface TargetInput {
  readonly kind: 'target-changed';
  readonly found: TargetIdentity;
  readonly compared?: ComparedBoundary;
}

export type RollbackInput =
  /** What the executor is about to do or has observed. */
  | { readonly kind: 'record'; readonly event: RollbackEvent }
  | (Answer & {
      readonly kind: 'confirm';
      /** A step's id, `stop-work` or `target`; a change of the target can be confirmed without a rollback too. */
      readonly step: StepId;
      readonly answer: 'done' | 'again';
      readonly reason: string;
    })
  /** Applies to the rollback that its author had read. */
  | { readonly kind: 'abort'; readonly rollback: RollbackId; readonly by: Principal; readonly reason: string };

/** A rollback that a person orders without a recommendation. */
export interface OrderInput extends Authorising {
  readonly kind: 'order';
  /** This phase and those after it; by default the phase that was started last. */
  readonly phase?: PhaseId;
  /** Restores the whole database instead. */
  readonly restore?: true;
  /** The revision of what there was to undo when the author read it. */
  readonly undoRevision: UndoRevision;
  readonly reason: string;
}

/** Everything that can happen to an open run. */
export type Input =
  | EvaluationInput
  | BaselineInput
  | PhaseInput
  | CancelInput
  | AnswerInput
  | AuthorityInput
  | LifecycleInput
  | TargetInput
  | OrderInput
  | RollbackInput;
