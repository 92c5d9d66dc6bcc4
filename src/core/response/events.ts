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
  /** Which question it answers. Absent in older journals: then it was whatever was asked. */
  readonly questionId?: QuestionId;
}

/** Which process it was, in a form that a later process cannot be mistaken for. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which the kernel started it (`/proc/PID/stat`, field 22). */
  readonly startTicks: string;
  readonly bootId: string;
}

/** The process that does the work, and what holds it and all that it starts together. */
export interface Child extends ProcessIdentity {
  /** The name of the machine that it runs on. Absent where somebody else than the guard or the wrapper tells of it. */
  readonly host?: string | undefined;
  /** Absent in older journals, and where somebody else than the wrapper tells of it. */
  readonly containment?: Containment | undefined;
}

/** What undoing the recommended phases would mean, bound by hash into every approval. */
export interface Binding {
  readonly planHash: Hash;
  readonly procedureHash: Hash;
  /** The states of the phases when it was shown. */
  readonly phasesHash: Hash;
  /** What the files held that the procedure's commands name. Absent in older journals: then nothing is known of them. */
  readonly scripts?: readonly Script[];
}

/** How the end of forward work was proved. */
export interface Quiet {
  readonly endedProcesses: number;
  readonly endedSessions: number;
  /** Since when neither a process nor a session of the phases has been seen. */
  readonly since: Instant;
  /** Whether the phases' role cannot log in any more. Absent where the plan names none, and in older journals. */
  readonly fenced?: boolean;
  /** Why it still can. */
  readonly unfencedBecause?: string;
  /** What was looked at. Absent in older journals: then nothing is known of it. */
  readonly scope?: ProofScope;
  /** Sessions that bear a phase's name and cannot be a phase's, one phrase for each role and name. Absent where there were none. */
  readonly notCounted?: readonly string[];
}

/**
 * How far a phase came, as far as one can tell: `wholly`: its command said so and something differs from its boundary;
 * `partly`: something differs; `not-at-all`: nothing does, and its command was never started.
 */
export const extents = ['wholly', 'partly', 'not-at-all', 'unknown'] as const;
export type Extent = (typeof extents)[number];

/** `no-difference`: its command did not finish, and the schema and the checks, but nothing else, are as at its boundary. */
export interface Came {
  readonly extent: Extent;
  readonly seen?: 'no-difference';
}

export type RecommendationEvent =
  | (Of & {
      readonly type: 'recommendation-raised';
      readonly evidence: readonly Verdict[];
      /** The phase at whose boundary the breach was not there yet. */
      readonly attributedTo?: PhaseId;
      readonly procedure: Procedure;
      readonly binding: Binding;
      readonly expiresAt: Instant;
      /** Why it was not acted on at once; empty when a pre-approval covers it. */
      readonly notAutomaticBecause: readonly string[];
      /** The principal who ordered the rollback: then it needs no evidence. */
      readonly orderedBy?: PrincipalId;
      /** Whom of the plan's contacts it is addressed to; others may answer as well. */
      readonly addressedTo?: readonly Contact[];
      /** Those that it follows, and that nobody answered in time: the oldest first. */
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
        /** Whether it needs nobody else's approval beside it any more. */
        readonly complete: boolean;
      })
  | (Of & Answer & { readonly type: 'recommendation-declined'; readonly by: PrincipalId; readonly reason: string })
  /** An approval counts no more: nobody joined it in time, or, where it says so, the token that gave it is not trusted. */
  | (Of & { readonly type: 'approval-expired'; readonly by: PrincipalId; readonly because?: 'token-revoked' })
  | (Of & { readonly type: 'recommendation-expired' })
  | (Of & { readonly type: 'recommendation-superseded'; readonly because: string })
  | (Of & { readonly type: 'recommendation-withdrawn'; readonly because: string });

/** On whose word a rollback begins: a pre-approval's, an approval's, or that of a person who was not asked. */
export const triggers = ['automatic', 'approved', 'ordered'] as const;
export type Trigger = (typeof triggers)[number];

/** `not-needed`: there is nothing that it would undo. */
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
  /** The intent to take from the phases' role its right to log in, which it had. */
  | (During & {
      readonly type: 'fence-raised';
      readonly role: string;
      /** The statement that gives it back. */
      readonly lift: string;
    })
  | (During & { readonly type: 'fence-lifted'; readonly role: string })
  /** The rollback is over and the right could not be given back. */
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
      /** Where the process runs that takes it: a command that it starts runs there, too. */
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
      /** It ended well and only its proof does not hold: what it left at work, such as a server, it left on purpose. */
      readonly ended?: 'well';
      /** Where a process of it may be at work that the guard cannot see: whoever answers has looked there. */
      readonly unseen?: Place;
    })
  /** `done` where something of the step may be at work: its `step-done` comes once that is gone. */
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
  /** No further step is taken; what is undone stays undone. */
  | (During & {
      readonly type: 'rollback-aborted';
      /** Why the guard itself ended it before its first step; absent when a person did. */
      readonly because?: string;
    })
  | (During & { readonly type: 'rollback-done' });
