import type { Hash, PhaseId, PrincipalId, RecommendationId, RollbackId, StepId } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { Contact } from '../plan/plan.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { Procedure } from './procedure.ts';

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

/** Which process it was, in a form that a later process cannot be mistaken for. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which the kernel started it (`/proc/PID/stat`, field 22). */
  readonly startTicks: string;
  readonly bootId: string;
}

/** What undoing the recommended phases would mean, bound by hash into every approval. */
export interface Binding {
  readonly planHash: Hash;
  readonly procedureHash: Hash;
  /** The states of the phases when it was shown. */
  readonly phasesHash: Hash;
}

/** How the end of forward work was proved. */
export interface Quiet {
  readonly endedProcesses: number;
  readonly endedSessions: number;
  /** Since when neither a process nor a session of the phases has been seen. */
  readonly since: Instant;
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
  | (Of & { readonly type: 'recommendation-acknowledged'; readonly by: PrincipalId })
  | (Of & {
      readonly type: 'recommendation-approved';
      readonly by: PrincipalId | 'pre-approval';
      readonly reason: string;
      readonly binding: Binding;
      readonly role: string;
      readonly expiresAt: Instant;
      /** Whether it needs nobody else's approval beside it any more. */
      readonly complete: boolean;
    })
  | (Of & { readonly type: 'recommendation-declined'; readonly by: PrincipalId; readonly reason: string })
  /** One of two did not come in time: the other's approval counts no more. */
  | (Of & { readonly type: 'approval-expired'; readonly by: PrincipalId })
  | (Of & { readonly type: 'recommendation-expired' })
  | (Of & { readonly type: 'recommendation-superseded'; readonly because: string })
  | (Of & { readonly type: 'recommendation-withdrawn'; readonly because: string });

/** On whose word a rollback begins: a pre-approval's, an approval's, or that of a person who was not asked. */
export const triggers = ['automatic', 'approved', 'ordered'] as const;
export type Trigger = (typeof triggers)[number];

export type RollbackEvent =
  | (During & {
      readonly type: 'rollback-started';
      readonly recommendation: RecommendationId;
      readonly trigger: Trigger;
      readonly by: string;
      readonly procedure: Procedure;
    })
  | (During & { readonly type: 'stop-work-started' })
  | (During & { readonly type: 'stop-work-proved'; readonly quiet: Quiet })
  | (OfStep & { readonly type: 'step-started'; readonly attempt: number; readonly tag: string })
  | (OfStep & { readonly type: 'step-spawned'; readonly child: ProcessIdentity })
  | (OfStep & {
      readonly type: 'step-done';
      readonly took: Millis;
      readonly output: string;
      readonly how: 'ran' | 'proved' | 'confirmed';
      readonly by?: PrincipalId;
    })
  | (OfStep & { readonly type: 'step-asked'; readonly question: string; readonly output: string })
  | (OfStep & {
      readonly type: 'step-answered';
      readonly answer: 'done' | 'again';
      readonly by: PrincipalId;
      readonly reason: string;
    })
  | (During & { readonly type: 'rollback-blocked'; readonly question: string })
  | (During & { readonly type: 'rollback-unblocked'; readonly by: PrincipalId; readonly reason: string })
  | (During & { readonly type: 'abort-ordered'; readonly by: PrincipalId; readonly reason: string })
  /** No further step is taken; what is undone stays undone. */
  | (During & { readonly type: 'rollback-aborted' })
  | (During & { readonly type: 'rollback-done' });
