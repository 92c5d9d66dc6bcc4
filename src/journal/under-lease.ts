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
  /** Deletes readings of its own runs only. */
  pruneReadings(before: Instant): Promise<number>;
}

/** Adds the lease to each write. `lease` throws the error by which it was lost. */
export const underLease = (journal: Journal, lease: () => LeaseShown): GuardJournal => ({
  ...journal,
  append: async (run, expectedSeq, events) => journal.append(run, expectedSeq, lease(), events),
  writeReadings: async (chunks) => journal.writeReadings(lease(), chunks),
  pruneReadings: async (before) => journal.pruneReadings(lease().guard, before),
});
