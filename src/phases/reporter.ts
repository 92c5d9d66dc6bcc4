import type { Millis } from '../core/kernel/units.ts';
import type { Child, ProcessIdentity } from '../core/response/events.ts';

/** What the guard answers to a sign of life. */
export type Orders =
  /** `warning`: why no further phase may start now; this one may go on. */
  { readonly goOn: true; readonly warning?: string } | { readonly goOn: false; readonly because: string };

export interface FailedEnd {
  readonly exitCode: number | null;
  readonly because: string;
  /** The command was never started: nothing of it ran. */
  readonly neverBegan?: true;
}

/**
 * How a wrapper talks to the guard. Every call may be made again when it failed or was not answered in time, so the guard
 * must bear to hear the same thing twice. A failure is whatever a call rejects with.
 */
export interface PhaseReporter {
  /** Rejects with PhaseRefused when the phase may not begin. The lease begins with the answer. */
  start(wrapper: ProcessIdentity): Promise<{
    readonly tag: string;
    /** How long either side may hear nothing of the other before it holds the phase for lost. */
    readonly lease: Millis;
  }>;
  spawned(child: Child): Promise<Orders>;
  /** `fraction`: how much of the phase is done, when that has changed. */
  beat(fraction?: number): Promise<Orders>;
  /** As `fail`, may reject with PhaseRefused: then it is not tried again. */
  finish(): Promise<void>;
  fail(end: FailedEnd): Promise<void>;
}
