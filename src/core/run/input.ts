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
  RecommendationId,
  RunId,
  StepId,
  Sense,
} from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { ProcessIdentity, RollbackEvent } from '../response/events.ts';
import type { Script } from '../response/scripts.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { CancelOutcome, Supervisor } from './events.ts';

export interface OpenInput {
  readonly kind: 'open';
  readonly run: RunId;
  readonly planHash: Hash;
  readonly environment: string;
  readonly target: TargetIdentity;
  readonly by: Principal;
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
      /** Absent when the question is only whether it may start: the boundary is not taken in vain. */
      readonly boundary?: Boundary;
    }
  | (Report & { readonly kind: 'phase-spawned'; readonly child: ProcessIdentity })
  | (Report & { readonly kind: 'phase-progress'; readonly fraction: number })
  | (Report & { readonly kind: 'phase-finish' })
  | (Report & { readonly kind: 'phase-fail'; readonly exitCode: number | null; readonly because: string })
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

export type AnswerInput =
  | {
      readonly kind: 'approve';
      readonly recommendation: RecommendationId;
      readonly by: Principal;
      readonly reason: string;
      /** The principal knows that the breach is no longer seen. */
      readonly evenIfGone: boolean;
    }
  | {
      readonly kind: 'decline';
      readonly recommendation: RecommendationId;
      readonly by: Principal;
      readonly reason: string;
    }
  | { readonly kind: 'acknowledge'; readonly recommendation: RecommendationId; readonly by: Principal };

export type AuthorityInput =
  | {
      readonly kind: 'arm';
      readonly by: Principal;
      readonly length?: Millis;
      /** What the guard found that it may not do, one sentence each. */
      readonly shortcomings?: readonly string[];
      /** Why the phases' role could log in again while it is undone, likewise. */
      readonly unfenced?: readonly string[];
    }
  | { readonly kind: 'disarm'; readonly by: Principal; readonly reason: string }
  | { readonly kind: 'waive'; readonly requirement: string; readonly by: Principal; readonly reason: string }
  | { readonly kind: 'pre-approve'; readonly preApproval: PreApprovalId; readonly by: Principal };

export type LifecycleInput =
  | {
      readonly kind: 'restart';
      readonly planHash: Hash;
      /** Of those that the journal has from later than now, if any: then the clock was set back. */
      readonly newestReading?: Instant;
    }
  | { readonly kind: 'hold'; readonly by: Principal; readonly reason: string }
  | { readonly kind: 'resume'; readonly by: Principal }
  | { readonly kind: 'close'; readonly by: Principal; readonly reason: string }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'scripts'; readonly scripts: readonly Script[] }
  /** Principals whose token in the plan was revoked. */
  | { readonly kind: 'revoked'; readonly principals: readonly PrincipalId[] };

export type RollbackInput =
  /** What the executor is about to do, or has seen. */
  | { readonly kind: 'record'; readonly event: RollbackEvent }
  | {
      readonly kind: 'confirm';
      /** A step's id, or `stop-work`. */
      readonly step: StepId;
      readonly answer: 'done' | 'again';
      readonly by: Principal;
      readonly reason: string;
    }
  | { readonly kind: 'abort'; readonly by: Principal; readonly reason: string };

/** A rollback that nobody recommended. */
export interface OrderInput {
  readonly kind: 'order';
  /** That phase and those after it; the one that was started last when left out. */
  readonly phase?: PhaseId;
  /** Restore the whole database instead. */
  readonly restore?: true;
  readonly by: Principal;
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
  | OrderInput
  | RollbackInput;
