import type { Millis } from '../core/kernel/units.ts';
import type { ProcessIdentity } from '../core/response/events.ts';

/** What the guard answers to a sign of life. */
export type Orders = { readonly goOn: true } | { readonly goOn: false; readonly because: string };

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
  spawned(child: ProcessIdentity): Promise<Orders>;
  /** `fraction`: how much of the phase is done, when that has changed. */
  beat(fraction?: number): Promise<Orders>;
  /** As `fail`, may reject with PhaseRefused: then it is not tried again. */
  finish(): Promise<void>;
  fail(exitCode: number | null, because: string): Promise<void>;
}
