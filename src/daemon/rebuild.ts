import { type Instant, instant, minutes } from '../core/kernel/units.ts';
import { probeId } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import type { Journal } from '../journal/journal.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import { limitsNow } from './look.ts';
import { lastMarker } from './markers.ts';
import { type ReadingLog, storedReadings } from './reading-log.ts';

/** How far back evidence is rebuilt; what is older no longer matters for a decision. */
const memory = minutes(10);

/** After a restart: what the journal still knows of the readings since the last marker. What a crash lost is missing. */
export async function rebuildEvidence(
  plan: Plan,
  state: RunState,
  journal: Pick<Journal, 'readReadings'>,
  keeper: EvidenceKeeper,
  log: ReadingLog,
  now: Instant,
): Promise<void> {
  const marker = lastMarker(state);
  keeper.mark(marker);
  const from = instant(Math.max(marker, now - memory));
  const limits = limitsNow(plan, state);
  for (const { id } of plan.probes) {
    const readings = await storedReadings(journal, state.run, probeId(id), from, now);
    for (const reading of readings) {
      keeper.reading(reading, state.baseline?.baseline, limits);
      // Its minute may go on, and a chunk written again must not lose what it had.
      if (reading.at > now - 120_000) log.add(reading);
    }
  }
  for (const finding of state.findings.values()) keeper.finding(finding);
}
