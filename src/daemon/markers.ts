import type { RunEvent } from '../core/run/events.ts';
import type { RunState } from '../core/run/state.ts';
import { hasTouched } from '../core/run/phases.ts';
import { type ProbeId, probeId } from '../core/kernel/ids.ts';
import type { Verdict } from '../core/verdicts/verdict.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';

/** Events from which on slowness is measured anew: what was slow before is not their doing. */
export const isMarker = ({ type }: RunEvent): boolean =>
  type === 'phase-started' ||
  type === 'phase-finished' ||
  type === 'phase-failed' ||
  type === 'phase-lost' ||
  type === 'watch-started' ||
  type === 'baseline-frozen';

/** Probes whose slowness is measured anew once these verdicts are known, because they are well again. */
export const recoveredIn = (verdicts: readonly Verdict[]): readonly ProbeId[] =>
  verdicts.filter(({ because }) => because === 'recovered').map(({ subject }) => probeId(subject));

/** Lets the evidence begin anew where an event says so: of every probe, or of those that are well again. */
export function markAt(event: RunEvent, keeper: Pick<EvidenceKeeper, 'mark'>): void {
  if (isMarker(event)) keeper.mark(event.at);
  if (event.type !== 'verdicts-changed') return;
  for (const probe of recoveredIn(event.verdicts)) keeper.mark(event.at, probe);
}

/** The last marker of a run, for evidence that is rebuilt after a restart. */
export function lastMarker({ phases, watch, baseline, openedAt }: RunState): Instant {
  const starts = phases.filter(hasTouched).map(({ clock }) => clock?.endedAt ?? clock?.startedAt ?? openedAt);
  const all = [openedAt, baseline?.frozenAt ?? openedAt, watch?.startedAt ?? openedAt, ...starts];
  return all.reduce((latest, one) => (one > latest ? one : latest), openedAt);
}

/** The words for "than before what". */
export const comparedWith = ({ phases }: RunState): string =>
  phases.some(({ attempt }) => attempt > 0) ? 'before the remediation' : 'in the baseline';
