import pRetry from 'p-retry';

import type { Clock } from '../core/kernel/clock.ts';
import { hashOf } from '../core/kernel/hash.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { between, type Millis, seconds } from '../core/kernel/units.ts';
import type { Extent, ProcessIdentity, Quiet, RollbackEvent } from '../core/response/events.ts';
import type { Fence } from '../core/response/fence.ts';
import type { Step } from '../core/response/step.ts';
import { isUnderWay, nextStep, phasesToLookAt, type Rollback, type StepState } from '../core/response/rollback.ts';
import { JournalUnwritable } from '../journal/errors.ts';
import { fenceLifter, type Intend } from './fence.ts';

/** How a step ended. `question` says what a person must look at. */
export type Outcome =
  | { readonly ended: 'well'; readonly output: string }
  | { readonly ended: 'badly'; readonly question: string; readonly output: string };

/** Whether this guard is the only one of its target. `no-answer`: nobody knows, as the target does not say. */
export type Guarding = 'yes' | 'another-guard' | 'no-answer';

/** What the executor needs of the world. Each may be called again after a crash. */
export interface ExecutorParts {
  readonly clock: Clock;
  rollback(): Rollback | undefined;
  /** Resolves when the event is durable. */
  record(event: RollbackEvent): Promise<void>;
  /** Whether this guard still is the only one; asked before every step. */
  isOnlyGuard(): Promise<Guarding>;
  /** Ends forward work and proves that it stays ended. Rejects with what is still there. */
  stopWork(intend: Intend): Promise<Quiet>;
  /** Set while the phases' role may not log in. */
  fence(): Fence | undefined;
  /** Lets it log in again. Rejects with what stands in the way. */
  liftFence(fence: Fence): Promise<void>;
  /** How far each of the phases came, as far as it can be told. */
  lookAtPhases(phases: readonly PhaseId[]): Promise<ReadonlyMap<PhaseId, Extent>>;
  take(step: Step, tag: string, onSpawn: (child: ProcessIdentity) => Promise<void>): Promise<Outcome>;
  /** Ends what an earlier daemon left of a step, and proves it gone. */
  endOrphans(step: StepState): Promise<void>;
  /** Tries the step's proof; undefined when it has none. */
  prove(step: Step): Promise<boolean | undefined>;
  /** What nobody expected: the executor stands still, and the journal tells where. */
  failed(error: unknown): void;
}

export interface Executor {
  /** Goes on with the rollback under way, if there is one and it waits for nobody. */
  wake(): void;
  /** No further step begins; resolves when the one under way has ended, or after `patience`. */
  stop(patience: Millis): Promise<void>;
}

/** Names a step's attempt in its child's environment and sessions; fits the 63 bytes of an application_name. */
export const stepTag = (rollback: Rollback, step: Step, attempt: number): string =>
  `ripcord-step-${hashOf([rollback.id, step.id, attempt]).slice(7, 31)}`;

const notTheOnlyGuard: Readonly<Record<Exclude<Guarding, 'yes'>, string>> = {
  'another-guard':
    'The guard lock of the target is lost, so another guard may be acting on it. Make sure that there is none, then let it go on.',
  'no-answer':
    'The target does not answer, so it is not known whether this is the only guard. Bring it back, then let the rollback go on: ripcord confirm stop-work --again',
};

const sayError = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Carries out a rollback: intent, act, outcome, one step after the other. What it does next follows from the journal alone. */
export function createExecutor(parts: ExecutorParts): Executor {
  const { clock } = parts;
  const stopping = new AbortController();
  /** Steps that this process has started: an unfinished one that is not among them was left by an earlier daemon. */
  const mine = new Set<string>();
  let running: Promise<void> | undefined;
  let again = false;
  /** What an earlier daemon proved is proved anew: nobody knows what happened in between. */
  let quietHere = false;

  /** A full disk holds the rollback up; what was done is not forgotten and not done twice. */
  const record = (event: RollbackEvent): Promise<void> =>
    pRetry(() => parts.record(event), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 500,
      maxTimeout: 2_000,
      shouldRetry: ({ error }) => error instanceof JournalUnwritable && !stopping.signal.aborted,
    });

  const common = (rollback: Rollback) => ({ v: 1, at: clock.now(), rollback: rollback.id }) as const;
  const lift = fenceLifter(parts, record);
  const block = (rollback: Rollback, question: string) =>
    record({ type: 'rollback-blocked', ...common(rollback), question });
  const ask = (rollback: Rollback, step: Step, question: string, output: string) =>
    record({ type: 'step-asked', ...common(rollback), step: step.id, question, output });

  const stopWork = async (rollback: Rollback) => {
    if (rollback.state !== 'stopping-work') await record({ type: 'stop-work-started', ...common(rollback) });
    try {
      const intend: Intend = (role, lift) => record({ type: 'fence-raised', ...common(rollback), role, lift });
      const quiet = await parts.stopWork(intend);
      quietHere = true;
      await record({ type: 'stop-work-proved', ...common(rollback), quiet });
    } catch (error) {
      if (error instanceof JournalUnwritable) throw error;
      await block(rollback, `Forward work could not be proved stopped: ${sayError(error)}`);
    }
  };

  const lookAtPhases = async (rollback: Rollback, phases: readonly PhaseId[]) => {
    const seen = await parts.lookAtPhases(phases).catch(() => new Map<PhaseId, Extent>());
    for (const phase of phases) {
      const extent = seen.get(phase) ?? 'unknown';
      await record({ type: 'phase-applied', ...common(rollback), phase, extent });
    }
  };

  const takeAndProve = async (step: Step, tag: string, onSpawn: (child: ProcessIdentity) => Promise<void>) => {
    const outcome = await parts.take(step, tag, onSpawn);
    if (outcome.ended === 'badly' || (await parts.prove(step)) !== false) return outcome;
    const question =
      'It ended well, but its proof does not hold. Look at the database, then say whether it is done or shall run again.';
    return { ended: 'badly', question, output: outcome.output } satisfies Outcome;
  };

  const act = async (rollback: Rollback, { step, attempt }: StepState) => {
    const tag = stepTag(rollback, step, attempt + 1);
    mine.add(tag);
    await record({ type: 'step-started', ...common(rollback), step: step.id, attempt: attempt + 1, tag });
    const started = clock.now();
    const onSpawn = (child: ProcessIdentity) =>
      record({ type: 'step-spawned', ...common(rollback), step: step.id, child });
    const outcome = await takeAndProve(step, tag, onSpawn).catch((error: unknown): Outcome => ({
      ended: 'badly',
      question: sayError(error),
      output: '',
    }));
    if (outcome.ended === 'badly') return ask(rollback, step, outcome.question, outcome.output);
    const took = between(started, clock.now());
    return record({ type: 'step-done', ...common(rollback), step: step.id, took, output: outcome.output, how: 'ran' });
  };

  /** An earlier daemon started the step and did not live to write how it ended. */
  const recover = async (rollback: Rollback, state: StepState) => {
    const { step, startedAt } = state;
    try {
      await parts.endOrphans(state);
    } catch (error) {
      return ask(
        rollback,
        step,
        `The guard was restarted during this step, and what it left behind is still there: ${sayError(error)}`,
        '',
      );
    }
    const proved = await parts.prove(step).catch(() => undefined);
    if (proved === true) {
      const took = between(startedAt ?? clock.now(), clock.now());
      return record({ type: 'step-done', ...common(rollback), step: step.id, took, output: '', how: 'proved' });
    }
    if (step.repeatable && rollback.aborting === undefined) return act(rollback, state);
    const question =
      'The guard was restarted during this step. It may have been done, in part or not at all, and may not run twice. Look at the database, then say whether it is done or shall run again.';
    return ask(rollback, step, question, '');
  };

  /** Not beside what the earlier attempt left behind: a process of its command, or a session that only we lost. */
  const actAgain = async (rollback: Rollback, state: StepState): Promise<boolean> => {
    try {
      if (state.step.kind !== 'verify') await parts.endOrphans(state);
    } catch (error) {
      const attempt = `attempt ${state.attempt} of ${state.step.id}`;
      await block(
        rollback,
        `What ${attempt} left behind is still there, and no other may run beside it: ${sayError(error)}`,
      );
      return false;
    }
    await act(rollback, state);
    return true;
  };

  /** One move; false when there is nothing to do, or somebody else has to move. */
  const move = async (): Promise<boolean> => {
    const rollback = parts.rollback();
    if (rollback === undefined || stopping.signal.aborted) return false;
    if (!isUnderWay(rollback)) {
      const fence = parts.fence();
      if (fence !== undefined) await lift(fence, rollback);
      return false;
    }
    if (rollback.aborting !== undefined && !rollback.steps.some(({ state }) => state === 'started')) {
      await record({ type: 'rollback-aborted', ...common(rollback) });
      return true; // for the fence
    }
    if (rollback.state === 'blocked') return false;
    const guarding = await parts.isOnlyGuard();
    if (guarding !== 'yes') {
      await block(rollback, notTheOnlyGuard[guarding]);
      return false;
    }
    if (rollback.quiet === undefined || !quietHere) {
      await stopWork(rollback);
      return true;
    }
    const unlooked = phasesToLookAt(rollback);
    if (unlooked.length > 0) {
      await lookAtPhases(rollback, unlooked);
      return true;
    }
    const next = nextStep(rollback);
    if (next === undefined || next.state === 'asking') return false;
    if (next.state === 'again') return actAgain(rollback, next);
    const left = next.state === 'started' && next.tag !== undefined && !mine.has(next.tag);
    await (left ? recover(rollback, next) : act(rollback, next));
    return true;
  };

  const run = async () => {
    do {
      again = false;
      while (await move());
    } while (again && !stopping.signal.aborted);
  };

  return {
    wake() {
      again = true;
      running ??= run()
        .catch((error: unknown) => {
          // For good: this process thinks it knows the step under way, and would take it once more at the next wake.
          stopping.abort(error);
          parts.failed(error);
        })
        .finally(() => (running = undefined));
    },
    async stop(patience) {
      stopping.abort(new Error('the executor was stopped'));
      const enough = new AbortController();
      const late = clock.wait(patience, enough.signal).catch(() => undefined);
      await Promise.race([running, late]);
      enough.abort();
    },
  };
}

/** How long the guard lock may be away before a person is asked: a server that restarts is back sooner. */
export const lockPatience = { retries: 8, minTimeout: seconds(1), maxTimeout: seconds(8) };
