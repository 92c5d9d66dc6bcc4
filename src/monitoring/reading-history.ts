import type { Reading } from '../core/evidence/reading.ts';
import type { ProbeId, RunId } from '../core/kernel/ids.ts';
import { type Instant, instant } from '../core/kernel/units.ts';
import type { Journal } from '../journal/journal.ts';
import { storedMinutes } from './reading-log.ts';

export interface ReadingSources {
  readonly journal: Pick<Journal, 'readReadings'>;
  /** The run's readings that are still in memory, oldest first. Empty for a finished run. */
  readonly recent: readonly Reading[];
}

/** Readings, oldest first. With `next`, the answer ends before that moment, and more follow from it on. */
export interface ReadingsPage {
  readonly readings: readonly Reading[];
  readonly next?: Instant;
}

/** A reading takes some 100 bytes in an answer, and up to 1 kB where it failed. */
const mostReadings = 10_000;

/** A page ends between two milliseconds, so that no reading is on two pages and none is on neither. */
function pageOf(all: readonly Reading[], most: number): ReadingsPage {
  // A slow answer arrives after the readings that are missing because of it.
  const readings = all.toSorted((a, b) => a.at - b.at);
  const [first, beyond] = [readings[0], readings[most]];
  if (first === undefined || beyond === undefined) return { readings };
  const next = instant(Math.max(Math.floor(beyond.at), Math.floor(first.at) + 1));
  return { readings: readings.filter(({ at }) => at < next), next };
}

/**
 * The first `most` of one probe's readings from `from` to `to`, oldest first: stored ones and those not yet written. A whole
 * run of a fast probe would fill the memory and stop every guard of this process meanwhile.
 */
export async function readingsBetween(
  { journal, recent }: ReadingSources,
  run: RunId,
  probe: ProbeId,
  from: Instant,
  to: Instant,
  most = mostReadings,
): Promise<ReadingsPage> {
  const stored: Reading[] = [];
  for await (const minute of storedMinutes(journal, run, probe, from, to)) {
    stored.push(...minute);
    if (stored.length > most) return pageOf(stored, most);
  }
  const newest = stored.at(-1)?.at;
  const fresh = recent.filter(({ at }) => (newest === undefined || at > newest) && at >= from && at <= to);
  return pageOf([...stored, ...fresh], most);
}
