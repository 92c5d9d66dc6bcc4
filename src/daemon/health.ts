import type { ConsumerFault } from '../consumers/consumer.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import { sayError } from '../core/kernel/errors.ts';
import { JournalUnwritable, StaleEpoch } from '../journal/errors.ts';
import type { ProcessMetrics } from '../metrics/process-metrics.ts';
import { factsOf, type Log } from '../system/log.ts';

/** Tracks what stops the daemon from working, for /readyz and the log. The log gets each problem once, not every second. */
export interface Health {
  /** Returns a handler for errors of the task `what`. */
  during(what: string): (error: unknown) => void;
  /** An evaluation failed. Until one succeeds, the guard decides nothing. */
  evaluationFailed(error: unknown): void;
  /** An evaluation succeeded. One with nothing to write says nothing about the journal. */
  evaluated(): void;
  /** Something was written. */
  journalWorks(): void;
  /** Another process owns the guard. This one logs that and does nothing more. */
  takenOver(by: StaleEpoch): void;
  targetAnswers(answers: boolean): void;
  isTargetUp(): boolean;
  /** What is wrong with the clock. The log gets it once, and once more when it is over. */
  clock(trouble: string | undefined): void;
  /** What the target connections are unsure of now. The log gets each doubt once; callers can list them. */
  doubts(doubts: readonly string[]): void;
  /** Permissions that a rollback would need and the guard lacks. It stays ready, because it can still watch. */
  lacks(permissions: readonly string[]): void;
  missingPermissions(): readonly string[];
  /** A consumer is stuck or, with undefined, has recovered. The log gets each once. The guard stays ready. */
  undelivered(consumer: string, fault: ConsumerFault | undefined): void;
  /** What shows where the journal ends and cannot be written now. The log gets each once. The guard stays ready. */
  headsBehind(said: readonly string[]): void;
  /** What consumers have not handled yet, what of the journal's end is not written, and why. */
  overdue(): readonly string[];
  list(): readonly string[];
}

function sayOverdue({ consumer, since, tries, error, at }: ConsumerFault): string {
  const where = at === undefined ? ' its next entry' : ` entry ${at.seq} of run ${at.run}`;
  return `${consumer} has not handled${where} since ${sayMoment(since)} (tried ${tries === 1 ? 'once' : `${tries} times`}): ${sayError(error)}`;
}

type StoreHealth = Pick<Health, 'during' | 'takenOver' | 'journalWorks' | 'list'>;

/** Whether this process can, and may, write its decisions. */
function storeHealth(log: Log, metrics: Pick<ProcessMetrics, 'storeFailed'>): StoreHealth {
  let unwritable: string | undefined;
  let takenOver: StaleEpoch | undefined;
  const noteTakenOver = (by: StaleEpoch) => {
    if (takenOver === undefined) log.error(factsOf(by), 'this process has lost its guard and does nothing more');
    takenOver = by;
  };
  return {
    takenOver: noteTakenOver,
    during: (what) => (error) => {
      if (error instanceof StaleEpoch) return noteTakenOver(error); // every later evaluation runs into it too
      if (!(error instanceof JournalUnwritable)) return log.error(factsOf(error), `${what} failed`);
      metrics.storeFailed();
      if (unwritable === undefined) log.error(factsOf(error), 'the journal cannot be written');
      unwritable = error.message;
      return undefined;
    },
    journalWorks() {
      if (unwritable !== undefined) log.info({}, 'the journal can be written again');
      unwritable = undefined;
    },
    list: () => [takenOver?.found, unwritable].filter((one) => one !== undefined),
  };
}

/** Consumers of events that are stuck. */
function consumersHealth(log: Log): Pick<Health, 'undelivered' | 'overdue'> {
  const overdue = new Map<string, ConsumerFault>();
  return {
    undelivered(consumer, fault) {
      if (fault === undefined) {
        if (overdue.delete(consumer)) log.info({}, `${consumer} works again`);
        return;
      }
      if (!overdue.has(consumer)) log.error(factsOf(fault.error), `${consumer} is stuck`);
      overdue.set(consumer, fault);
    },
    overdue: () => [...overdue.values()].map(sayOverdue),
  };
}

/** Files beside the journal that should show where it ends. */
function headsHealth(log: Log): Pick<Health, 'headsBehind' | 'overdue'> {
  let behind: readonly string[] = [];
  return {
    headsBehind(said) {
      for (const one of said) if (!behind.includes(one)) log.error({}, one);
      if (behind.length > 0 && said.length === 0) log.info({}, 'the end of the journal is recorded beside it again');
      behind = said;
    },
    overdue: () => behind,
  };
}

export function createHealth(log: Log, metrics: Pick<ProcessMetrics, 'storeFailed'>): Health {
  const [store, consumers, heads] = [storeHealth(log, metrics), consumersHealth(log), headsHealth(log)];
  let evaluationFails = false;
  let targetUp = true;
  let clockTrouble: string | undefined;
  let doubted: readonly string[] = [];
  let lacking: readonly string[] = [];
  return {
    ...store,
    ...consumers,
    ...heads,
    overdue: () => [...consumers.overdue(), ...heads.overdue()],
    evaluationFailed(error) {
      if (!(error instanceof JournalUnwritable || error instanceof StaleEpoch)) evaluationFails = true;
      store.during('an evaluation')(error);
    },
    evaluated() {
      evaluationFails = false;
    },
    targetAnswers(answers) {
      if (targetUp && !answers) log.error({}, 'the target does not answer');
      if (!targetUp && answers) log.info({}, 'the target answers again');
      targetUp = answers;
    },
    isTargetUp: () => targetUp,
    clock(trouble) {
      if (clockTrouble === undefined && trouble !== undefined) log.error({}, trouble);
      if (clockTrouble !== undefined && trouble === undefined)
        log.info({}, 'the guard’s clock and the wall clock agree');
      clockTrouble = trouble;
    },
    doubts(now) {
      for (const one of now) if (!doubted.includes(one)) log.error({}, one);
      if (doubted.length > 0 && now.length === 0) log.info({}, 'the guard has its lock, and the right server answers');
      doubted = now;
    },
    lacks(permissions) {
      for (const one of permissions) if (!lacking.includes(one)) log.warn({}, `not ready to roll back: ${one}`);
      lacking = permissions;
    },
    missingPermissions: () => lacking,
    list: () => [
      ...store.list(),
      ...(evaluationFails
        ? ['evaluations fail, so the guard decides nothing: see the daemon’s log, then restart the daemon']
        : []),
      ...(targetUp ? [] : ['the target does not answer']),
      ...(clockTrouble === undefined ? [] : [clockTrouble]),
    ],
  };
}
