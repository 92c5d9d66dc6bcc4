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

/** How a step ended. `question` says what a person must look at. */
export type Outcome =
  | { readonly ended: 'well'; readonly output: string }
  | {
      readonly ended: 'badly';
      readonly question: string;
      readonly output: string;
      /** In the words of a plan's `retry`, where it has one: `exit 75`, `timeout`, `status 503`, `55P03`. */
      readonly cause?: string;
      /** It did what it was to do, and only its proof does not hold. */
      readonly proofFails?: true;
    }
  /** It is a person's step. */
  | { readonly ended: 'asks'; readonly question: string }
  /** Nobody waits any longer, by the attempt's signal, for what has not come yet. */
  | { readonly ended: 'interrupted'; readonly waitedFor: string; readonly output: string };

/** Writes down that the role is about to lose its right to log in, and the statement that gives it back. */
export type Intend = (role: string, lift: string) => Promise<void>;

/** What the executor needs of the world. Each may be called again after a crash. */
export interface ExecutorParts {
  readonly clock: Clock;
  /** Where steps are taken. */
  readonly place: Place;
  rollback(): Rollback | undefined;
  /** Resolves when the event is durable. */
  record(event: RollbackEvent): Promise<void>;
  /** Asked before every move. Rejects with StaleEpoch once another process has the guard. */
  mayAct(): Promise<void>;
  /** Whether this guard still is the only one; asked before every step. */
  isOnlyGuard(): Promise<Guarding>;
  /** Ends forward work and proves that it stays ended. Rejects with what is still there. */
  stopWork(intend: Intend): Promise<Quiet>;
  /** Set while the phases' role may not log in. */
  fence(): Fence | undefined;
  /** Lets it log in again. Rejects with what stands in the way. */
  liftFence(fence: Fence): Promise<void>;
  /** How far each of the phases came, as far as it can be told. */
  phaseExtents(phases: readonly PhaseId[]): Promise<ReadonlyMap<PhaseId, Came>>;
  /** Looks at the step's precondition; undefined when it has none. */
  precondition(step: Step): Promise<Seen | undefined>;
  take(step: Step, attempt: Attempt): Promise<Outcome>;
  /** Ends what an earlier daemon left of a step on this machine and on the target, and proves it gone there. Resolves with how much there was. */
  endOrphans(step: StepState): Promise<Pick<Quiet, 'endedProcesses' | 'endedSessions'>>;
  /**
   * Tries the step's proof until it holds, the patience is at an end or the signal is aborted; without patience once.
   * Undefined when it has none.
   */
  prove(step: Step, patience: Millis, signal: AbortSignal): Promise<Awaited | undefined>;
  /** What an attempt has written, until its outcome is in the journal. */
  readonly output: Pick<StepOutput, 'left' | 'forget'>;
  /** What nobody expected: the executor stands still, and the journal tells where. */
  failed(error: unknown): void;
}
