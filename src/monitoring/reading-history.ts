import type { Reading } from '../core/evidence/reading.ts';
import type { ProbeId, RunId } from '../core/kernel/ids.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Journal } from '../journal/journal.ts';
import { storedReadings } from './reading-log.ts';

export interface ReadingSources {
  readonly journal: Pick<Journal, 'readReadings'>;
  /** The run's readings that are still in memory, oldest first. Empty for a finished run. */
  readonly recent: readonly Reading[];
}

/** One probe's readings from `from` to `to`, oldest first: stored ones and those not yet written. */
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
  // A slow answer arrives after the readings that are missing because of it.
  return [...stored, ...fresh].toSorted((a, b) => a.at - b.at);
}
