import type { RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Entry, Journal, OpaqueEvent, ReadingChunk } from './journal.ts';
import type { PhaseLeases, LeaseShown } from './lease.ts';

/** The store as one guard writes to it. */
export interface GuardJournal extends Omit<Journal, 'append' | 'writeReadings' | 'pruneReadings' | keyof PhaseLeases> {
  append<Event extends OpaqueEvent>(
    run: RunId,
    expectedSeq: number,
    events: readonly Event[],
  ): Promise<readonly Entry<Event>[]>;
  writeReadings(chunks: readonly ReadingChunk[]): Promise<void>;
  /** Of its own runs. */
  pruneReadings(before: Instant): Promise<number>;
}

/** Shows the lease at each write. `lease` throws what it was lost to. */
export const underLease = (journal: Journal, lease: () => LeaseShown): GuardJournal => ({
  ...journal,
  append: async (run, expectedSeq, events) => journal.append(run, expectedSeq, lease(), events),
  writeReadings: async (chunks) => journal.writeReadings(lease(), chunks),
  pruneReadings: async (before) => journal.pruneReadings(lease().guard, before),
});
