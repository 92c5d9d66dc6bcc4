import type { Clock } from '../core/kernel/clock.ts';
import { minutes } from '../core/kernel/units.ts';
import { rollbackUnderWay, type RunState } from '../core/run/state.ts';
import type { Journal } from '../journal/journal.ts';
import { eachDay } from '../system/calendar.ts';
import type { Log } from '../system/log.ts';
import type { GuardAtWork } from './guard-at-work.ts';

export interface UpkeepParts {
  readonly clock: Clock;
  readonly store: Pick<Journal, 'compact'>;
  readonly guards: () => readonly Pick<GuardAtWork, 'openRun' | 'pruneReadings'>[];
  readonly failed: (error: unknown) => void;
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'debug'>;
}

/** Maintenance of the journal. It can be put off for as long as necessary. */
export interface Upkeep extends AsyncDisposable {
  /** Runs the maintenance once: now, or when no guard is busy. Resolves when it is done; never rejects. */
  readonly once: () => Promise<void>;
}

/** How often to check whether the reason to wait is over. */
const pace = minutes(1);

/** What the maintenance must wait for; undefined if nothing. */
export function busyWith(run: Pick<RunState, 'phases' | 'response'> | undefined): string | undefined {
  const rollback = rollbackUnderWay(run);
  if (rollback !== undefined) return `the rollback ${rollback.id} is under way`;
  const running = run?.phases.find(({ state }) => state === 'running');
  return running && `phase ${running.phase} is running`;
}

/**
 * Deletes old readings and returns their space to the file system. Pauses, even halfway, while a phase or a rollback of any
 * guard runs.
 */
export function createUpkeep({ clock, store, guards, failed, log }: UpkeepParts): Upkeep {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const busy = () =>
    guards()
      .map(({ openRun }) => busyWith(openRun()))
      .find((because) => because !== undefined);

  /** Waits until the maintenance may continue; false when the daemon stops. */
  const mayGoOn = async (): Promise<boolean> => {
    let told: string | undefined;
    for (let because = busy(); because !== undefined; because = busy()) {
      if (because !== told) log.info({ because }, 'journal maintenance is postponed');
      told = because;
      await clock.wait(pace, stopping.signal).catch(() => undefined); // aborted: the daemon stops
      if (stopping.signal.aborted) return false;
    }
    return !stopping.signal.aborted;
  };
  const work = async () => {
    if (!(await mayGoOn())) return;
    let [chunks, bytes] = [0, 0];
    for (const { pruneReadings } of guards()) {
      if (!(await mayGoOn())) return;
      // A guard that cannot delete its readings does not stop the others.
      chunks += await pruneReadings(clock.now()).catch((error: unknown) => {
        failed(error);
        return 0;
      });
    }
    for (let given = -1; given !== 0 && (await mayGoOn()); bytes += given) given = await store.compact();
    if (chunks > 0 || bytes > 0) log.info({ chunks, bytes }, 'deleted old readings and returned free space');
  };
  return {
    once: () =>
      (running ??= work()
        .catch(failed)
        .finally(() => (running = undefined))),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** Runs daily at the quiet hour, and now: a guard that runs for one night only may never reach that hour. */
export async function startUpkeep(parts: UpkeepParts, undo: AsyncDisposableStack): Promise<void> {
  const upkeep = undo.use(createUpkeep(parts));
  void upkeep.once();
  undo.use(await eachDay(upkeep.once, parts.log));
}
