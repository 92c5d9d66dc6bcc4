import { JournalUnwritable } from '../journal/errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { factsOf, type Log } from './log.ts';

/** What keeps the daemon from doing its work now, for /readyz and the log: each trouble is told once, not every second. */
export interface Troubles {
  /** A handler for what failed while doing `what`. */
  during(what: string): (error: unknown) => void;
  /** A look did not come to its end: until one does, nothing is decided. */
  lookFailed(error: unknown): void;
  /** A look came to its end. One that had nothing to write says nothing of the journal. */
  looked(): void;
  /** Something was written. */
  journalWorks(): void;
  targetAnswers(answers: boolean): void;
  isTargetUp(): boolean;
  /** What a rollback would need and the guard has not. It can watch all the same, so it stays ready. */
  lacks(shortcomings: readonly string[]): void;
  shortcomings(): readonly string[];
  list(): readonly string[];
}

export function noteTroubles(log: Log, metrics: Pick<Metrics, 'storeFailed'>): Troubles {
  let unwritable: string | undefined;
  let lookFails = false;
  let targetUp = true;
  let lacking: readonly string[] = [];
  const during = (what: string) => (error: unknown) => {
    if (!(error instanceof JournalUnwritable)) return log.error(factsOf(error), `${what} failed`);
    metrics.storeFailed();
    if (unwritable === undefined) log.error(factsOf(error), 'the journal cannot be written');
    unwritable = error.message;
    return undefined;
  };
  return {
    during,
    lookFailed(error) {
      if (!(error instanceof JournalUnwritable)) lookFails = true;
      during('a look')(error);
    },
    journalWorks() {
      if (unwritable !== undefined) log.info({}, 'the journal can be written again');
      unwritable = undefined;
    },
    looked() {
      lookFails = false;
    },
    targetAnswers(answers) {
      if (targetUp && !answers) log.error({}, 'the target does not answer');
      if (!targetUp && answers) log.info({}, 'the target answers again');
      targetUp = answers;
    },
    isTargetUp: () => targetUp,
    lacks(shortcomings) {
      for (const one of shortcomings) if (!lacking.includes(one)) log.warn({}, `not ready to roll back: ${one}`);
      lacking = shortcomings;
    },
    shortcomings: () => lacking,
    list: () => [
      ...(unwritable === undefined ? [] : [unwritable]),
      ...(lookFails ? ['looks fail, so nothing is decided: see the daemon’s log, and restart it'] : []),
      ...(targetUp ? [] : ['the target does not answer']),
    ],
  };
}
