import type { RollbackEvent } from '../core/response/events.ts';
import type { Rollback } from '../core/response/rollback.ts';
import type { Step } from '../core/response/step.ts';
import type { ExecutorParts } from './parts.ts';

/** What running a step needs in addition to the executor's ports: where to record facts, and what ends its waits. */
export interface Taking {
  readonly parts: ExecutorParts;
  /** Resolves when the event is durable. */
  readonly record: (event: RollbackEvent) => Promise<void>;
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal;
  /** Runs work whose waits end at once when a person aborts the rollback or the daemon stops. */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export const common = ({ parts }: Taking, rollback: Rollback) =>
  ({ v: 1, at: parts.clock.now(), rollback: rollback.id }) as const;

type Done = Extract<RollbackEvent, { readonly type: 'step-done' }>;

export const done = (
  taking: Taking,
  rollback: Rollback,
  step: Step,
  how: Pick<Done, 'took' | 'output' | 'how' | 'by'>,
): Promise<void> => taking.record({ type: 'step-done', ...common(taking, rollback), step: step.id, ...how });

type Asked = Extract<RollbackEvent, { readonly type: 'step-asked' }>;

/** `ended`: the step itself succeeded, but its proof does not hold. */
export const ask = (
  taking: Taking,
  rollback: Rollback,
  step: Step,
  question: string,
  output: string,
  { ended, unseen }: Pick<Asked, 'ended' | 'unseen'> = {},
) =>
  taking.record({
    type: 'step-asked',
    ...common(taking, rollback),
    step: step.id,
    question,
    output,
    ...(ended !== undefined && { ended }),
    ...(unseen !== undefined && { unseen }),
  });
