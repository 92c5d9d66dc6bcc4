import type { Clock } from '../core/kernel/clock.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { Came, Quiet, RollbackEvent } from '../core/response/events.ts';
import type { Fence } from '../core/response/fence.ts';
import type { Place } from '../core/response/place.ts';
import type { Rollback, StepState } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';
import type { Guarding } from '../target/guarded-target.ts';
import type { Attempt } from './attempt.ts';
import type { Awaited, Seen } from './condition.ts';
import type { StepOutput } from './step-output.ts';

/** How a step ended. `question` says what a person must check. */
export type Outcome =
  | { readonly ended: 'well'; readonly output: string }
  | {
      readonly ended: 'badly';
      readonly question: string;
      readonly output: string;
      /** The cause in the terms of a plan's `retry`, if there is one: `exit 75`, `timeout`, `status 503`, `55P03`. */
      readonly cause?: string;
      /** The step itself succeeded, but its proof does not hold. */
      readonly proofFails?: true;
    }
  /** A person carries out this step. */
  | { readonly ended: 'asks'; readonly question: string }
  /** The attempt's signal ended the wait for `waitedFor`. */
  | { readonly ended: 'interrupted'; readonly waitedFor: string; readonly output: string };

/** Records that the role is about to lose its right to log in, and the statement that restores it. */
export type Intend = (role: string, lift: string) => Promise<void>;

/** The executor's ports. After a crash, each may be called again. */
export interface ExecutorParts {
  readonly clock: Clock;
  /** Where steps run. */
  readonly place: Place;
  rollback(): Rollback | undefined;
  /** Resolves when the event is durable. */
  record(event: RollbackEvent): Promise<void>;
  /** Called before every move. Rejects with StaleEpoch once another process has the guard. */
  mayAct(): Promise<void>;
  /** Whether this is still the only guard. Called before every step. */
  isOnlyGuard(): Promise<Guarding>;
  /** Ends forward work and proves that it stays ended. Rejects with what is left. */
  stopWork(intend: Intend): Promise<Quiet>;
  /** The fence, while the phases' role may not log in. */
  fence(): Fence | undefined;
  /** Lets the phases' role log in again. Rejects with what prevents it. */
  liftFence(fence: Fence): Promise<void>;
  /** How far each of the phases got, as far as that can be known. */
  phaseExtents(phases: readonly PhaseId[]): Promise<ReadonlyMap<PhaseId, Came>>;
  /** Tests the step's precondition; undefined if it has none. */
  precondition(step: Step): Promise<Seen | undefined>;
  take(step: Step, attempt: Attempt): Promise<Outcome>;
  /** Ends what is left of a step on this host and on the target, and proves it gone. Resolves with how much it ended. */
  endOrphans(step: StepState): Promise<Pick<Quiet, 'endedProcesses' | 'endedSessions'>>;
  /**
   * Tests the step's proof until it holds, `patience` is over, or the signal aborts. A patience of 0 means a single test.
   * Undefined if the step has no proof.
   */
  prove(step: Step, patience: Millis, signal: AbortSignal): Promise<Awaited | undefined>;
  /** The output of an attempt until its outcome is in the journal. */
  readonly output: Pick<StepOutput, 'left' | 'forget'>;
  /** Receives an unexpected error. The executor has stopped, and the journal shows where. */
  failed(error: unknown): void;
}
