import type { Reading } from '../core/evidence/reading.ts';
import type { ProbeId, RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Journal } from '../journal/journal.ts';
import { storedReadings } from './reading-log.ts';

export interface ReadingSources {
  readonly journal: Pick<Journal, 'readReadings'>;
  /** What is in memory of the run's readings, oldest first: none for a run that is over. */
  readonly recent: readonly Reading[];
}

/** One probe's readings from `from` to `to`, oldest first: those that are stored, and those on their way there. */
export async function readingsBetween(
  { journal, recent }: ReadingSources,
  run: RunId,
  probe: ProbeId,
  from: Instant,
  to: Instant,
): Promise<readonly Reading[]> {
  const stored = await storedReadings(journal, run, probe, from, to);
  const newest = stored.at(-1)?.at ?? from;
  const fresh = recent.filter(({ at }) => at > newest && at >= from && at <= to);
  // A slow answer comes after the readings that it made missing.
  return [...stored, ...fresh].toSorted((a, b) => a.at - b.at);
}
