import pRetry from 'p-retry';

import { sayError } from '../core/kernel/errors.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { type Millis, seconds } from '../core/kernel/units.ts';
import type { Extent, RollbackEvent } from '../core/response/events.ts';
import { isUnderWay, nextStep, phasesToLookAt, type Rollback } from '../core/response/rollback.ts';
import { JournalUnwritable } from '../journal/errors.ts';
import { fenceLifter } from './fence.ts';
import type { ExecutorParts, Intend } from './parts.ts';
import { notTheOnlyGuard } from './questions.ts';
import { stepTaker } from './step-taker.ts';

export type { ExecutorParts, Guarding, Outcome } from './parts.ts';

export interface Executor {
  /** Goes on with the rollback under way, if there is one and it waits for nobody. */
  wake(): void;
  /** No further step begins; resolves when the one under way has ended, or after `patience`. */
  stop(patience: Millis): Promise<void>;
}

/** Carries out a rollback: intent, act, outcome, one step after the other. What it does next follows from the journal alone. */
export function createExecutor(parts: ExecutorParts): Executor {
  const { clock } = parts;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let again = false;
  /** What was proved before a block, or by an earlier daemon, is proved anew: nobody knows what happened in between. */
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
  const block = (rollback: Rollback, question: string) => {
    quietHere = false;
    return record({ type: 'rollback-blocked', ...common(rollback), question });
  };
  const taker = stepTaker({ parts, record, stopping: stopping.signal });

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
    const next = nextStep(rollback);
    if (next?.state === 'asking') return false; // a person who restores by hand may well stop the target
    const guarding = await parts.isOnlyGuard();
    if (guarding !== 'yes') {
      await block(rollback, notTheOnlyGuard(guarding));
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
    if (next === undefined) return false;
    const leftBehind = await taker.take(rollback, next);
    if (leftBehind !== undefined) await block(rollback, leftBehind);
    return leftBehind === undefined;
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
      if (parts.rollback()?.aborting !== undefined) taker.interrupt();
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
