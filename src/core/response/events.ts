import type { Hash, PhaseId, PrincipalId, QuestionId, RecommendationId, RollbackId, StepId } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { Contact } from '../plan/plan.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { Containment } from './containment.ts';
import type { Procedure } from './procedure.ts';
import type { ProofScope } from './proof-scope.ts';
import type { Script } from './scripts.ts';
import type { Place } from './place.ts';

interface At {
  readonly v: 1;
  readonly at: Instant;
}
interface Of extends At {
  readonly recommendation: RecommendationId;
}
interface During extends At {
  readonly rollback: RollbackId;
}
interface OfStep extends During {
  readonly step: StepId;
}
/** A person's answer. */
interface Answer {
  /** The question that it answers. Absent in older journals: then it answers the question that was open. */
  readonly questionId?: QuestionId;
}

/** Identifies a process, so that a later one with the same pid is not mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which the kernel started it (`/proc/PID/stat`, field 22). */
  readonly startTicks: string;
  readonly bootId: string;
}

/** The process that does the work, and the cgroup that holds it and everything it starts. */
export interface Child extends ProcessIdentity {
  /** The machine that it runs on. Absent if the report comes from neither the guard nor the wrapper. */
  readonly host?: string | undefined;
  /** Absent in older journals, and if the report does not come from the wrapper. */
  readonly containment?: Containment | undefined;
}

/** What undoing the recommended phases would mean; every approval is bound to it by hash. */
export interface Binding {
  readonly planHash: Hash;
  readonly procedureHash: Hash;
  /** The states of the phases when it was shown. */
  readonly phasesHash: Hash;
  /** The contents of the files that the procedure's commands name. Absent in older journals, where they are unknown. */
  readonly scripts?: readonly Script[];
}

/** How the guard proved that forward work has ended. */
export interface Quiet {
  readonly endedProcesses: number;
  readonly endedSessions: number;
  /** Since when the guard has seen no process and no session of the phases. */
  readonly since: Instant;
  /** Whether the phases' role is unable to log in. Absent if the plan names no such role, and in older journals. */
  readonly fenced?: boolean;
  /** Why the role can still log in. */
  readonly unfencedBecause?: string;
  /** What the guard checked. Absent in older journals, where it is unknown. */
  readonly scope?: ProofScope;
  /** Sessions with a phase's name that cannot belong to a phase, one phrase per role and name. Absent if there were none. */
  readonly notCounted?: readonly string[];
}

/**
 * How far a phase got, as far as that can be determined. `wholly`: its command reported success and something differs from
 * its boundary; `partly`: something differs; `not-at-all`: nothing differs and its command was never started.
 */
export const extents = ['wholly', 'partly', 'not-at-all', 'unknown'] as const;
export type Extent = (typeof extents)[number];

/** `no-difference`: its command did not finish, and the schema and the checks match its boundary; data was not compared. */
export interface Came {
  readonly extent: Extent;
  readonly seen?: 'no-difference';
  /**
   * The number of differences that do not count, because roles as which the phases' role cannot act may have caused them.
   * Absent if there are none.
   */
  readonly ofOthers?: number;
}

export type RecommendationEvent =
  | (Of & {
      readonly type: 'recommendation-raised';
      readonly evidence: readonly Verdict[];
      /** The phase at whose boundary the breach did not exist yet. */
      readonly attributedTo?: PhaseId;
      readonly procedure: Procedure;
      readonly binding: Binding;
      readonly expiresAt: Instant;
      /** Why the guard did not act at once; empty if a pre-approval covers it. */
      readonly notAutomaticBecause: readonly string[];
      /** The principal who ordered the rollback. An order needs no evidence. */
      readonly orderedBy?: PrincipalId;
      /** The contacts of the plan that it is addressed to; others may answer too. */
      readonly addressedTo?: readonly Contact[];
      /** The unanswered recommendations that it follows, the oldest first. */
      readonly unanswered?: readonly RecommendationId[];
    })
  | (Of & { readonly type: 'evidence-joined'; readonly evidence: readonly Verdict[] })
  | (Of & Answer & { readonly type: 'recommendation-acknowledged'; readonly by: PrincipalId })
  | (Of &
      Answer & {
        readonly type: 'recommendation-approved';
        readonly by: PrincipalId | 'pre-approval';
        readonly reason: string;
        readonly binding: Binding;
        readonly role: string;
        readonly expiresAt: Instant;
        /** Whether no further approval is needed. */
        readonly complete: boolean;
      })
  | (Of & Answer & { readonly type: 'recommendation-declined'; readonly by: PrincipalId; readonly reason: string })
  /** An approval lapsed: nobody joined it in time, or, if `because` says so, its token is no longer trusted. */
  | (Of & { readonly type: 'approval-expired'; readonly by: PrincipalId; readonly because?: 'token-revoked' })
  | (Of & { readonly type: 'recommendation-expired' })
  | (Of & { readonly type: 'recommendation-superseded'; readonly because: string })
  | (Of & { readonly type: 'recommendation-withdrawn'; readonly because: string });

/** What authorised the rollback: a pre-approval, an approval, or a person's own order. */
export const triggers = ['automatic', 'approved', 'ordered'] as const;
export type Trigger = (typeof triggers)[number];

/** `not-needed`: the step has nothing to undo. */
export type StepEnd = 'ran' | 'proved' | 'confirmed' | 'not-needed';

export type RollbackEvent =
  | (During & {
      readonly type: 'rollback-started';
      readonly recommendation: RecommendationId;
      readonly trigger: Trigger;
      readonly by: string;
      readonly procedure: Procedure;
    })
  | (During & { readonly type: 'stop-work-started' })
  /** The intent to revoke the login right of the phases' role, which it had. */
  | (During & {
      readonly type: 'fence-raised';
      readonly role: string;
      /** The statement that restores it. */
      readonly lift: string;
    })
  | (During & { readonly type: 'fence-lifted'; readonly role: string })
  /** The rollback is over, but the login right could not be restored. */
  | (During & {
      readonly type: 'fence-stands';
      readonly role: string;
      readonly lift: string;
      readonly because: string;
    })
  | (During & { readonly type: 'stop-work-proved'; readonly quiet: Quiet })
  | (During & { readonly type: 'phase-applied'; readonly phase: PhaseId } & Came)
  | (OfStep & {
      readonly type: 'step-started';
      readonly attempt: number;
      readonly tag: string;
      /** Where the process runs that takes the step; a command that it starts runs there too. */
      readonly on: Place;
    })
  | (OfStep & { readonly type: 'step-spawned'; readonly child: Child })
  | (OfStep &
      Answer & {
        readonly type: 'step-done';
        readonly took: Millis;
        readonly output: string;
        readonly how: StepEnd;
        readonly by?: PrincipalId;
      })
  | (OfStep & {
      readonly type: 'step-asked';
      readonly question: string;
      readonly output: string;
      /** The step ended well and only its proof fails: what it left running, such as a server, it left on purpose. */
      readonly ended?: 'well';
      /** Where a process of the step may run unseen by the guard; the person who answers has checked there. */
      readonly unseen?: Place;
    })
  /** `done` if the step may have left something running: `step-done` follows once that has ended. */
  | (OfStep &
      Answer & {
        readonly type: 'step-answered';
        readonly answer: 'done' | 'again';
        readonly by: PrincipalId;
        readonly reason: string;
      })
  | (During & { readonly type: 'rollback-blocked'; readonly question: string })
  | (During & Answer & { readonly type: 'rollback-unblocked'; readonly by: PrincipalId; readonly reason: string })
  | (During & { readonly type: 'abort-ordered'; readonly by: PrincipalId; readonly reason: string })
  /** No further step starts; what is undone stays undone. */
  | (During & {
      readonly type: 'rollback-aborted';
      /** Why the guard itself ended it before its first step; absent if a person did. */
      readonly because?: string;
    })
  | (During & { readonly type: 'rollback-done' });
