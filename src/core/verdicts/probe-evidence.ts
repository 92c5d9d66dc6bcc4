import type { Scales } from '../detection/scales.ts';
import { type Slowness, startSlowness, takeReading } from '../detection/slowness.ts';
import type { Reading } from '../evidence/reading.ts';
import type { Instant, Ratio } from '../kernel/units.ts';
import { type Health, noteHealth } from './functionality.ts';
import type { Limits } from './limits.ts';

/** What one probe's readings have shown: since the marker for slowness, since ever for whether it works. */
export interface ProbeEvidence {
  readonly health: Health;
  readonly marker: Instant;
  /** Both are absent until there is a baseline to compare with, and a reading. */
  readonly slowness?: Slowness;
  readonly scales?: Scales;
}

/** At a marker slowness is measured anew; a probe that is broken stays broken. */
export const freshEvidence = (marker: Instant, before?: ProbeEvidence): ProbeEvidence => ({
  marker,
  health: before?.health ?? {},
});

/** `scales` are asked for once after each marker, and `common` is how many times as slow the controls are just now. */
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
