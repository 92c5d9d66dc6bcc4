import { type ProbeId, probeId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { Verdict } from '../verdicts/verdict.ts';
import type { RunEvent } from './events.ts';
import { hasTouched } from './phases.ts';
import { watchIn } from './response.ts';
import type { RunState } from './state.ts';

/** Events that restart the measurement of slowness, because earlier slowness is not their effect. */
export const isMarker = ({ type }: RunEvent): boolean =>
  type === 'phase-started' ||
  type === 'phase-finished' ||
  type === 'phase-failed' ||
  type === 'phase-lost' ||
  type === 'watch-started' ||
  type === 'baseline-frozen';

/** Probes that have recovered according to these verdicts; the measurement of their slowness restarts. */
export const recoveredIn = (verdicts: readonly Verdict[]): readonly ProbeId[] =>
  verdicts.filter(({ because }) => because === 'recovered').map(({ subject }) => probeId(subject));

/** The last marker of a run, for rebuilding the evidence after a restart. */
export function lastMarker({ phases, response, baseline, openedAt }: RunState): Instant {
  const starts = phases.filter(hasTouched).map(({ clock }) => clock?.endedAt ?? clock?.startedAt ?? openedAt);
  const all = [openedAt, baseline?.frozenAt ?? openedAt, watchIn(response)?.startedAt ?? openedAt, ...starts];
  return all.reduce((latest, one) => (one > latest ? one : latest), openedAt);
}

/** Completes "slower than". */
export const comparedWith = ({ phases }: RunState): string =>
  phases.some(({ attempt }) => attempt > 0) ? 'before the remediation' : 'in the baseline';
