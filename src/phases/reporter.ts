import type { Millis } from '../core/kernel/units.ts';
import type { Child, ProcessIdentity } from '../core/response/events.ts';

/** The guard's answer to a heartbeat. */
export type Orders =
  /** `warning`: why no further phase may start now. This phase may continue. */
  { readonly goOn: true; readonly warning?: string } | { readonly goOn: false; readonly because: string };

export interface FailedEnd {
  readonly exitCode: number | null;
  readonly because: string;
  /** The command was never started. */
  readonly neverBegan?: true;
}

/**
 * The wrapper's connection to the guard. The wrapper may repeat a call that failed or was not answered in time, so every call
 * must be idempotent. A rejection of any kind counts as a failure.
 */
export interface PhaseReporter {
  /** Rejects with PhaseRefused if the phase may not start. The lease begins with the answer. */
  start(wrapper: ProcessIdentity): Promise<{
    readonly tag: string;
    /** After this time without contact, each side gives up on the other. */
    readonly lease: Millis;
  }>;
  spawned(child: Child): Promise<Orders>;
  /** `fraction`: how much of the phase is done, if that has changed. */
  beat(fraction?: number): Promise<Orders>;
  /** Like `fail`, it may reject with PhaseRefused, and is then not retried. */
  finish(): Promise<void>;
  fail(end: FailedEnd): Promise<void>;
}
