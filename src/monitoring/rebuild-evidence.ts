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

/** A daemon that is back has to look at once: weighing so many readings takes about a second or two. */
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

/** How far back so many readings go: what is older is left out, as if it had been missing. */
const horizonOf = ({ probes }: Plan): number => mostReadings / probes.reduce((sum, { every }) => sum + 1 / every, 0);

/**
 * After a restart: what the journal still knows of the readings since the last marker, in the order of time, since those of
 * the controls bear on the others. What a crash lost is missing.
 */
export async function rebuildEvidence(rebuilding: Rebuilding): Promise<void> {
  const { plan, state, journal, evidenceStore, log, now, circumstances } = rebuilding;
  // A clock that was set back since would leave everything from before the marker for as long as that.
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
    // Its minute may go on, and a chunk written again must not lose what it had.
    if (reading.at > now - 120_000) log.add(reading);
  }
  for (const finding of state.findings.values()) evidenceStore.finding(finding);
}
