import { canonical } from '../../src/core/kernel/canonical.ts';
import type { RunId } from '../../src/core/kernel/ids.ts';
import { entryOf, seal, start } from '../../src/journal/chain.ts';
import { JournalUnwritable, StaleSequence } from '../../src/journal/errors.ts';
import type { Entry, Journal, RunHead } from '../../src/journal/journal.ts';

/** Events of a journal that takes no time and no disk, for tests on a fake clock. `full` makes it refuse writes. */
export interface MemoryJournal extends Pick<Journal, 'append' | 'read'> {
  full: boolean;
  readonly entries: readonly Entry[];
}

export function memoryJournal(): MemoryJournal {
  const entries: Entry[] = [];
  const of = (run: RunId) => entries.filter((entry) => entry.run === run);
  return {
    full: false,
    entries,
    async append(run, expectedSeq, events) {
      if (this.full) throw new JournalUnwritable('memory', 'it is full');
      let head: RunHead = of(run).at(-1) ?? start(run);
      if (head.seq !== expectedSeq) throw new StaleSequence(run, expectedSeq, head.seq);
      const added = events.map((event) => {
        const link = seal(head, canonical(event));
        head = link;
        return entryOf<typeof event>(link);
      });
      entries.push(...added);
      return added;
    },
    read: async (run, afterSeq = 0) => of(run).filter(({ seq }) => seq > afterSeq),
  };
}
