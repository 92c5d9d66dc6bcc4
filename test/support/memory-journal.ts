import { canonical } from '../../src/core/kernel/canonical.ts';
import { guardId, position, type RunId } from '../../src/core/kernel/ids.ts';
import { entryOf, seal, start } from '../../src/journal/hash-chain.ts';
import { JournalUnwritable, type StaleEpoch, StaleSequence } from '../../src/journal/errors.ts';
import type { Entry, RunHead } from '../../src/journal/journal.ts';
import type { GuardJournal } from '../../src/journal/under-lease.ts';

/** An in-memory journal without delays, for tests with a fake clock. `full` makes it refuse writes. */
export interface MemoryJournal extends Pick<GuardJournal, 'append' | 'read'> {
  full: boolean;
  /** The error of every write once another process has the guard. */
  lost: StaleEpoch | undefined;
  readonly entries: readonly Entry[];
}

export const memoryGuard = guardId('memory', 'test');

export function memoryJournal(): MemoryJournal {
  const entries: Entry[] = [];
  let end = 0;
  const of = (run: RunId) => entries.filter((entry) => entry.run === run);
  return {
    full: false,
    lost: undefined,
    entries,
    async append(run, expectedSeq, events) {
      if (this.lost !== undefined) throw this.lost;
      if (this.full) throw new JournalUnwritable('memory', 'it is full');
      let head: RunHead = of(run).at(-1) ?? start(run);
      if (head.seq !== expectedSeq) throw new StaleSequence(run, expectedSeq, head.seq);
      const added = events.map((event) => {
        const link = seal(head, memoryGuard, canonical(event));
        head = link;
        end += 1;
        return entryOf<typeof event>({ ...link, position: position(end) });
      });
      entries.push(...added);
      return added;
    },
    read: async (run, afterSeq = 0) => of(run).filter(({ seq }) => seq > afterSeq),
  };
}
