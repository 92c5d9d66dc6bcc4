import type { Scales } from '../detection/scales.ts';
import { type Slowness, startSlowness, takeReading } from '../detection/slowness.ts';
import type { Reading } from '../evidence/reading.ts';
import type { Instant, Ratio } from '../kernel/units.ts';
import { type Health, noteHealth } from './functionality.ts';
import type { Limits } from './limits.ts';

/** The evidence of one probe's readings: slowness since the marker, functionality since the beginning. */
export interface ProbeEvidence {
  readonly health: Health;
  readonly marker: Instant;
  /** Both are absent until there is a baseline to compare with and a reading. */
  readonly slowness?: Slowness;
  readonly scales?: Scales;
}

/** A marker restarts the measurement of slowness; a broken probe stays broken. */
export const freshEvidence = (marker: Instant, before?: ProbeEvidence): ProbeEvidence => ({
  marker,
  health: before?.health ?? {},
});

/** Calls `scales` once after each marker. `common`: the current slowdown of the controls, as a ratio. */
export function takeIn(
  { marker, health, ...before }: ProbeEvidence,
  reading: Reading,
  limits: Limits,
  scalesOf: () => Scales | undefined,
  common: Ratio | undefined,
): ProbeEvidence {
  const noted = { marker, health: noteHealth(health, reading, limits.blindAfter(reading.probe)) };
  const scales = before.scales ?? scalesOf();
  if (scales === undefined) return noted;
  const slowness = takeReading(before.slowness ?? startSlowness(marker, scales), reading, scales, common);
  return { ...noted, slowness, scales };
}
