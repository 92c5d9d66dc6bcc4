import { type ProbeId, probeId } from '../core/kernel/ids.ts';
import { type Instant, instant } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Circumstances } from '../core/run/circumstances.ts';
import { lastMarker } from '../core/run/markers.ts';
import { recoveredAt } from '../core/run/verdict-states.ts';
import type { RunState } from '../core/run/state.ts';
import type { Journal } from '../journal/journal.ts';
import type { EvidenceStore } from './evidence-store.ts';
import { type ReadingLog, storedReadings } from './reading-log.ts';

/** A restarted daemon must monitor at once. Processing this many readings takes one to two seconds. */
const mostReadings = 500_000;

export interface Rebuilding {
  readonly plan: Plan;
  readonly state: RunState;
  readonly journal: Pick<Journal, 'readReadings'>;
  readonly evidenceStore: EvidenceStore;
  readonly log: ReadingLog;
  readonly now: Instant;
  readonly circumstances: (state: RunState) => Circumstances;
}

/** How far back `mostReadings` reach. Older readings are skipped, as if they were missing. */
const horizonOf = ({ probes }: Plan): number => mostReadings / probes.reduce((sum, { every }) => sum + 1 / every, 0);

/**
 * Restores the evidence after a restart from the journal's readings since the last marker. It replays them in order of time,
 * because control readings affect how the others are judged. Readings that a crash lost are missing.
 */
export async function rebuildEvidence(rebuilding: Rebuilding): Promise<void> {
  const { plan, state, journal, evidenceStore, log, now, circumstances } = rebuilding;
  // If the clock was set back, the marker lies in the future, and readings would be ignored until then.
  const noLater = (at: Instant): Instant => instant(Math.min(at, now));
  const marker = noLater(lastMarker(state));
  evidenceStore.mark(marker);
  const ids = plan.probes.map(({ id }): ProbeId => probeId(id));
  for (const id of ids) {
    const recovered = recoveredAt(state.verdicts, id);
    if (recovered !== undefined && recovered > marker) evidenceStore.mark(noLater(recovered), id);
  }
  const from = instant(Math.max(marker, now - horizonOf(plan)));
  const stored = await Promise.all(ids.map((id) => storedReadings(journal, state.run, id, from, now)));
  for (const reading of stored.flat().toSorted((a, b) => a.at - b.at)) {
    evidenceStore.reading(reading, circumstances(state));
    // Its minute may not be over, and a rewritten chunk must not lose earlier readings.
    if (reading.at > now - 120_000) log.add(reading);
  }
  for (const finding of state.findings.values()) evidenceStore.finding(finding);
}
