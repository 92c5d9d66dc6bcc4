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

/** The upkeep of the journal, which can wait for as long as it must. */
export interface Upkeep extends AsyncDisposable {
  /** Does it once: now, or when the guard has nothing better to do. Resolves when it is done; never rejects. */
  readonly once: () => Promise<void>;
}

/** How often it is asked whether what it waits for is over. */
const pace = minutes(1);

/** What upkeep must wait for; undefined when there is nothing. */
export function busyWith(run: Pick<RunState, 'phases' | 'response'> | undefined): string | undefined {
  const rollback = rollbackUnderWay(run);
  if (rollback !== undefined) return `the rollback ${rollback.id} is under way`;
  const running = run?.phases.find(({ state }) => state === 'running');
  return running && `phase ${running.phase} is running`;
}

/** Deletes old readings and gives the space back. Put off, also halfway, while a phase of any guard runs or a rollback is under way. */
export function createUpkeep({ clock, store, guards, failed, log }: UpkeepParts): Upkeep {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const busy = () =>
    guards()
      .map(({ openRun }) => busyWith(openRun()))
      .find((because) => because !== undefined);

  /** Whether the work may go on: false when the daemon stops. */
  const mayGoOn = async (): Promise<boolean> => {
    let told: string | undefined;
    for (let because = busy(); because !== undefined; because = busy()) {
      if (because !== told) log.info({ because }, 'the upkeep of the journal is put off');
      told = because;
      await clock.wait(pace, stopping.signal).catch(() => undefined); // aborted: it ends
      if (stopping.signal.aborted) return false;
    }
    return !stopping.signal.aborted;
  };
  const work = async () => {
    if (!(await mayGoOn())) return;
    let [chunks, bytes] = [0, 0];
    for (const { pruneReadings } of guards()) {
      if (!(await mayGoOn())) return;
      // One that cannot keeps nothing of the others'.
      chunks += await pruneReadings(clock.now()).catch((error: unknown) => {
        failed(error);
        return 0;
      });
    }
    for (let given = -1; given !== 0 && (await mayGoOn()); bytes += given) given = await store.compact();
    if (chunks > 0 || bytes > 0) log.info({ chunks, bytes }, 'old readings were deleted, and free space given back');
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

/** Each day at the quiet hour, and now: a guard that runs for one night only might never come to that hour. */
export async function startUpkeep(parts: UpkeepParts, undo: AsyncDisposableStack): Promise<void> {
  const upkeep = undo.use(createUpkeep(parts));
  void upkeep.once();
  undo.use(await eachDay(upkeep.once, parts.log));
}
