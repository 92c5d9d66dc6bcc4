import pRetry from 'p-retry';

import { sayError } from '../core/kernel/errors.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { Came, RollbackEvent } from '../core/response/events.ts';
import { isUnderWay, nextStep, phasesToLookAt, type Rollback } from '../core/response/rollback.ts';
import { JournalUnwritable, StaleEpoch } from '../journal/errors.ts';
import { fenceLifter } from './fence-lift.ts';
import type { ExecutorParts, Intend } from './parts.ts';
import { notTheOnlyGuard } from './questions.ts';
import { stepTaker } from './step-taker.ts';

export type { ExecutorParts, Outcome } from './parts.ts';

export interface Executor {
  /** Continues the current rollback, if there is one and it waits for nobody. */
  wake(): void;
  /**
   * Call this when another process has the guard. No further step starts. A running step continues to its end, and this process
   * does not record its outcome. Resolves when the step has ended.
   */
  standDown(): Promise<void>;
  /** Starts no further step. Resolves when the running step has ended, or after `patience`. */
  stop(patience: Millis): Promise<void>;
}

/** Records the executor's intents and outcomes, and confirms that it may continue. */
interface Recorder {
  record(event: RollbackEvent): Promise<void>;
  mayAct(): Promise<void>;
}

/** Retries while the journal cannot be written: a full disk delays the rollback but loses and repeats nothing. */
function recorder(parts: Pick<ExecutorParts, 'record' | 'mayAct'>, stopping: AbortSignal): Recorder {
  const onceWritable = <T>(work: () => Promise<T>): Promise<T> =>
    pRetry(work, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 500,
      maxTimeout: 2_000,
      shouldRetry: ({ error }) => error instanceof JournalUnwritable && !stopping.aborted,
    });
  return {
    record: (event) => onceWritable(() => parts.record(event)),
    mayAct: () => onceWritable(() => parts.mayAct()),
  };
}

/** Everything before the first step: proving that forward work has stopped, and finding how far each phase got. */
function preparations(parts: ExecutorParts, record: Recorder['record']) {
  const common = (rollback: Rollback) => ({ v: 1, at: parts.clock.now(), rollback: rollback.id }) as const;
  /** A proof from before a block or from an earlier daemon does not count, because work may have resumed since. */
  let quietHere = false;
  const block = (rollback: Rollback, question: string) => {
    quietHere = false;
    return record({ type: 'rollback-blocked', ...common(rollback), question });
  };
  const stopWork = async (rollback: Rollback) => {
    if (rollback.state !== 'stopping-work') await record({ type: 'stop-work-started', ...common(rollback) });
    try {
      const intend: Intend = (role, lift) => record({ type: 'fence-raised', ...common(rollback), role, lift });
      const quiet = await parts.stopWork(intend);
      quietHere = true;
      await record({ type: 'stop-work-proved', ...common(rollback), quiet });
    } catch (error) {
      if (error instanceof JournalUnwritable || error instanceof StaleEpoch) throw error;
      await block(rollback, `Forward work could not be proved stopped: ${sayError(error)}`);
    }
  };

  const phaseExtents = async (rollback: Rollback, phases: readonly PhaseId[]) => {
    const seen = await parts.phaseExtents(phases).catch(() => new Map<PhaseId, Came>());
    for (const phase of phases) {
      const came = seen.get(phase) ?? { extent: 'unknown' as const };
      await record({ type: 'phase-applied', ...common(rollback), phase, ...came });
    }
  };

  return {
    abort: (rollback: Rollback) => record({ type: 'rollback-aborted', ...common(rollback) }),
    block,
    isQuiet: ({ quiet }: Rollback) => quiet !== undefined && quietHere,
    stopWork,
    phaseExtents,
  };
}

/** The moves of a rollback. The journal, and this process's own proofs, determine the next one. */
function rollbackMoves(parts: ExecutorParts, stopping: AbortSignal) {
  const { record, mayAct } = recorder(parts, stopping);
  const lift = fenceLifter(parts, record);
  const taker = stepTaker({ parts, record, stopping });
  const { abort, block, isQuiet, stopWork, phaseExtents } = preparations(parts, record);

  /** Makes one move. Returns false if there is nothing to do or a person has to act first. */
  const move = async (): Promise<boolean> => {
    const rollback = parts.rollback();
    if (rollback === undefined || stopping.aborted) return false;
    if (!isUnderWay(rollback)) {
      const fence = parts.fence();
      if (fence === undefined) return false;
      await mayAct();
      await lift(fence, rollback);
      return false;
    }
    if (rollback.aborting !== undefined && !rollback.steps.some(({ state }) => state === 'started')) {
      await abort(rollback);
      return true; // the next move lifts the fence
    }
    if (rollback.state === 'blocked') return false;
    const next = nextStep(rollback);
    if (next?.state === 'asking') return false; // a person who restores by hand may stop the target
    await mayAct();
    const guarding = await parts.isOnlyGuard();
    if (guarding !== 'yes') {
      await block(rollback, notTheOnlyGuard(guarding));
      return false;
    }
    if (!isQuiet(rollback)) {
      await stopWork(rollback);
      return true;
    }
    const unlooked = phasesToLookAt(rollback);
    if (unlooked.length > 0) {
      await phaseExtents(rollback, unlooked);
      return true;
    }
    if (next === undefined) return false;
    const leftBehind = await taker.take(rollback, next);
    if (leftBehind !== undefined) await block(rollback, leftBehind);
    return leftBehind === undefined;
  };

  return { move, interrupt: taker.interrupt };
}

/** Carries out a rollback step by step: intent, act, outcome. The journal alone determines what it does next. */
export function createExecutor(parts: ExecutorParts): Executor {
  const { clock } = parts;
  const stopping = new AbortController();
  const { move, interrupt } = rollbackMoves(parts, stopping.signal);
  let running: Promise<void> | undefined;
  let again = false;

  const run = async () => {
    do {
      again = false;
      while (await move());
    } while (again && !stopping.signal.aborted);
  };

  return {
    wake() {
      again = true;
      if (parts.rollback()?.aborting !== undefined) interrupt();
      running ??= run()
        .catch((error: unknown) => {
          // Never continue: this process would treat the running step as its own and run it again at the next wake.
          stopping.abort(error);
          if (!(error instanceof StaleEpoch)) parts.failed(error);
        })
        .finally(() => (running = undefined));
    },
    async standDown() {
      stopping.abort(new Error('another process has the guard'));
      await running;
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
