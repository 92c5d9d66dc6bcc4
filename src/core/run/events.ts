import type { AuthorityEvent } from '../authority/events.ts';
import type { Baseline } from '../evidence/baseline.ts';
import type { Boundary } from '../evidence/boundary.ts';
import type { Finding } from '../evidence/finding.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import type { Hash, PhaseId, PrincipalId, QuestionId, RunId, EvidenceSource } from '../kernel/ids.ts';
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

/** Where a phase's command runs, so that the guard can stop it. */
export interface Supervisor {
  readonly wrapper: ProcessIdentity;
  readonly host: string;
  /** Marks the command's environment and, as `application_name`, its database sessions. */
  readonly tag: string;
}

export interface ComparedBoundary {
  readonly phase: PhaseId;
  /** One sentence each, including the changes that the phase itself made. */
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
      /** In execution order. */
      readonly phases: readonly PhaseId[];
      readonly by: PrincipalId;
      /** Absent in older journals and where the system does not provide it. */
      readonly uptime?: UptimeMark;
    })
  /** The plan that applies from here on: at the opening, and when a restart finds another one. */
  | (At & RecordedPlan & { readonly type: 'plan-recorded' })
  /** The daemon was started again on this run; until then nobody was watching. */
  | (At & {
      readonly type: 'guard-restarted';
      readonly planHash: Hash;
      /** The newest moment in the journal, if the clock now shows an earlier one because it was set back. */
      readonly setBackFrom?: Instant;
      /** Replaces the mark of `run-opened` from here on. */
      readonly uptime?: UptimeMark;
    })
  /** The machine was suspended or its clock was set forward: `length` is how much more time passed than on the guard's clock. */
  | (At & { readonly type: 'clock-ran-ahead'; readonly length: Millis })
  | (At & { readonly type: 'capture-started'; readonly length: Millis; readonly by: PrincipalId })
  | (At & { readonly type: 'capture-failed'; readonly because: string })
  | (At & { readonly type: 'baseline-frozen'; readonly baseline: Baseline; readonly hash: Hash })
  | (At & { readonly type: 'run-held'; readonly by: PrincipalId; readonly reason: string })
  | (At & {
      readonly type: 'run-resumed';
      readonly by: PrincipalId;
      /** The hold that it ends; absent in older journals. */
      readonly questionId?: QuestionId;
    })
  | (At & { readonly type: 'scripts-seen'; readonly scripts: readonly Script[] })
  /**
   * The same database on a new timeline: a standby was promoted, or the server was restored to an earlier moment. The last
   * commits may be lost.
   */
  | (At & {
      readonly type: 'target-failed-over';
      readonly from: TargetIdentity;
      readonly to: TargetIdentity;
      /** The current schema compared with the boundary of the last phase that has one; absent if no phase has one. */
      readonly compared?: ComparedBoundary;
    })
  /** Another database in the same cluster has the target's name. `byRestore`: the current restore has put it there. */
  | (At & {
      readonly type: 'target-replaced';
      readonly from: TargetIdentity;
      readonly to: TargetIdentity;
      readonly byRestore?: true;
    })
  /** A person has checked the target since it changed. */
  | (At & {
      readonly type: 'target-confirmed';
      readonly by: PrincipalId;
      readonly reason: string;
      /** The change that they checked; absent in older journals. */
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
      /** Faults that existed at the start and hence are not caused by this phase: criterion and subject. */
      readonly troubled: readonly string[];
    })
  | (OfPhase & { readonly type: 'phase-spawned'; readonly child: Child })
  | (OfPhase & { readonly type: 'phase-progressed'; readonly fraction: number })
  | (OfPhase & { readonly type: 'phase-finished' })
  | (OfPhase & {
      readonly type: 'phase-failed';
      readonly exitCode: number | null;
      readonly because: string;
      /** Its wrapper reported that the command was never started. */
      readonly neverBegan?: true;
    })
  /** Its wrapper has not reported for the length of its lease: unknown how far the phase got. */
  | (OfPhase & { readonly type: 'phase-lost' })
  | (OfPhase & { readonly type: 'phase-undone' })
  /** The intent to cancel a statement of one of its sessions, because others queue behind the lock that it waits for. */
  | (OfPhase & {
      readonly type: 'phase-cancel-started';
      readonly pid: number;
      /** The object as the check names it: `lock of public.molecule`. */
      readonly object: string;
      /** The rest of the sentence that begins with the object. */
      readonly what: string;
    })
  | (OfPhase & {
      readonly type: 'phase-cancel-done';
      readonly pid: number;
      readonly outcome: CancelOutcome;
      /** The server's message, if it refused. */
      readonly said?: string;
    });

/**
 * `cancelled`: the server accepted the request. `gone`: no session of the phase was waiting there any more. `failed`: the
 * server could not be asked. `unknown`: the daemon died in between.
 */
export type CancelOutcome = 'cancelled' | 'gone' | 'failed' | 'unknown';

export type EvidenceEvent =
  | (At & { readonly type: 'verdicts-changed'; readonly verdicts: readonly Verdict[] })
  | (At & { readonly type: 'finding-changed'; readonly finding: Finding })
  /** Probes and checks; the field keeps the name from the time when there were only probes. */
  | (At & { readonly type: 'guard-blinded'; readonly probes: readonly EvidenceSource[] })
  | (At & { readonly type: 'guard-sighted' });

/** Every event of a run. `catalogue.ts` lists their versions. */
export type RunEvent =
  | LifecycleEvent
  | PhaseEvent
  | EvidenceEvent
  | AuthorityEvent
  | RecommendationEvent
  | RollbackEvent
  | WatchEvent;
