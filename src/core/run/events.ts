import type { AuthorityEvent } from '../authority/events.ts';
import type { Baseline } from '../evidence/baseline.ts';
import type { Boundary } from '../evidence/boundary.ts';
import type { Finding } from '../evidence/finding.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import type { Hash, PhaseId, PrincipalId, QuestionId, RunId, Sense } from '../kernel/ids.ts';
import type { UptimeMark } from '../kernel/clock.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { RecordedPlan } from '../plan/recorded.ts';
import type { Child, ProcessIdentity, RecommendationEvent, RollbackEvent } from '../response/events.ts';
import type { Script } from '../response/scripts.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { WatchEvent } from '../watch/watch.ts';

interface At {
  readonly v: 1;
  readonly at: Instant;
}
interface OfPhase extends At {
  readonly phase: PhaseId;
}

/** Where a phase's command runs, so that it can be stopped from outside. */
export interface Supervisor {
  readonly wrapper: ProcessIdentity;
  readonly host: string;
  /** Marks the environment of the command and, as `application_name`, its database sessions. */
  readonly tag: string;
}

export interface ComparedBoundary {
  readonly phase: PhaseId;
  /** One sentence each; what the phase itself has changed is among them. */
  readonly differences: readonly string[];
  readonly unseen: readonly string[];
}

export type LifecycleEvent =
  | (At & {
      readonly type: 'run-opened';
      readonly run: RunId;
      readonly plan: { readonly name: string; readonly hash: Hash };
      readonly environment: string;
      readonly target: TargetIdentity;
      readonly estimate: Millis;
      /** In the order in which they are to be run. */
      readonly phases: readonly PhaseId[];
      readonly by: PrincipalId;
      /** Absent in an older journal, and where the system does not tell. */
      readonly uptime?: UptimeMark;
    })
  /** The plan that everything is decided by from here on: at the opening, and when a restart finds another one. */
  | (At & RecordedPlan & { readonly type: 'plan-recorded' })
  /** The daemon was started again on this run; up to then nobody looked. */
  | (At & {
      readonly type: 'guard-restarted';
      readonly planHash: Hash;
      /** The newest moment that the journal knew of, where the clock shows an earlier one: it was set back. */
      readonly setBackFrom?: Instant;
      /** As of `run-opened`, and from here on instead of it. */
      readonly uptime?: UptimeMark;
    })
  /** The machine was suspended, or somebody set its clock forward: so much more time went by than on the guard's clock. */
  | (At & { readonly type: 'clock-ran-ahead'; readonly length: Millis })
  | (At & { readonly type: 'capture-started'; readonly length: Millis; readonly by: PrincipalId })
  | (At & { readonly type: 'capture-failed'; readonly because: string })
  | (At & { readonly type: 'baseline-frozen'; readonly baseline: Baseline; readonly hash: Hash })
  | (At & { readonly type: 'run-held'; readonly by: PrincipalId; readonly reason: string })
  | (At & {
      readonly type: 'run-resumed';
      readonly by: PrincipalId;
      /** Which hold it ends, as with every answer; absent in an older journal. */
      readonly questionId?: QuestionId;
    })
  | (At & { readonly type: 'scripts-seen'; readonly scripts: readonly Script[] })
  /**
   * The same database on a new timeline: a standby was promoted, or the server was restored to an earlier moment. What was
   * committed last may be lost.
   */
  | (At & {
      readonly type: 'target-failed-over';
      readonly from: TargetIdentity;
      readonly to: TargetIdentity;
      /** The schema now beside the boundary of the last phase that has one; absent where none has. */
      readonly compared?: ComparedBoundary;
    })
  /** Another database has its name in the same cluster. `byRestore`: a restore under way has put it there. */
  | (At & {
      readonly type: 'target-replaced';
      readonly from: TargetIdentity;
      readonly to: TargetIdentity;
      readonly byRestore?: true;
    })
  /** A person has looked at the target as it is since then. */
  | (At & {
      readonly type: 'target-confirmed';
      readonly by: PrincipalId;
      readonly reason: string;
      /** Which change of it was looked at; absent in an older journal. */
      readonly questionId?: QuestionId;
    })
  | (At & { readonly type: 'run-closed'; readonly by: PrincipalId; readonly reason: string });

export type PhaseEvent =
  | (OfPhase & {
      readonly type: 'phase-started';
      readonly attempt: number;
      readonly estimate: Millis;
      readonly by: PrincipalId;
      readonly supervisor: Supervisor;
      readonly boundary: Boundary;
      /** What was already not well at the start, and hence is not this phase's doing: criterion and subject. */
      readonly troubled: readonly string[];
    })
  | (OfPhase & { readonly type: 'phase-spawned'; readonly child: Child })
  | (OfPhase & { readonly type: 'phase-progressed'; readonly fraction: number })
  | (OfPhase & { readonly type: 'phase-finished' })
  | (OfPhase & {
      readonly type: 'phase-failed';
      readonly exitCode: number | null;
      readonly because: string;
      /** By the word of its wrapper its command was never started. */
      readonly neverBegan?: true;
    })
  /** Its wrapper has not been heard of for a lease: nobody knows how far it came. */
  | (OfPhase & { readonly type: 'phase-lost' })
  | (OfPhase & { readonly type: 'phase-undone' })
  /** The intent to cancel the statement of one of its sessions, since others queue behind the lock that it waits for. */
  | (OfPhase & {
      readonly type: 'phase-cancel-started';
      readonly pid: number;
      /** What was found, as the check names it: `lock of public.molecule`. */
      readonly object: string;
      /** The rest of the sentence that begins with the object. */
      readonly what: string;
    })
  | (OfPhase & {
      readonly type: 'phase-cancel-done';
      readonly pid: number;
      readonly outcome: CancelOutcome;
      /** What the server said of it, where it refused. */
      readonly said?: string;
    });

/**
 * `cancelled`: the server was told to. `gone`: no session of the phase waited there any more. `failed`: it could not be
 * told. `unknown`: the daemon died in between.
 */
export type CancelOutcome = 'cancelled' | 'gone' | 'failed' | 'unknown';

export type EvidenceEvent =
  | (At & { readonly type: 'verdicts-changed'; readonly verdicts: readonly Verdict[] })
  | (At & { readonly type: 'finding-changed'; readonly finding: Finding })
  /** Probes and checks; the field has the name that it had when there were probes only. */
  | (At & { readonly type: 'guard-blinded'; readonly probes: readonly Sense[] })
  | (At & { readonly type: 'guard-sighted' });

/** Every event of a run. The catalogue with versions is `catalogue.ts`. */
export type RunEvent =
  | LifecycleEvent
  | PhaseEvent
  | EvidenceEvent
  | AuthorityEvent
  | RecommendationEvent
  | RollbackEvent
  | WatchEvent;
