import { all as everyPhase, type Declared, unfinished } from '../../core/evidence/declared.ts';
import type { Seen } from '../../core/evidence/finding.ts';
import type { PhasePlan } from '../../core/plan/phase.ts';
import type { Look } from '../check.ts';

const appliedKey = 'phases applied';

/** Kept beside what is seen: which phases it is the work of. */
export const withApplied = (declared: Declared, seen: Seen): Seen => ({
  ...seen,
  [appliedKey]: JSON.stringify(declared.applied.map(({ id }) => id)),
});

const appliedIn = (seen: Seen): readonly string[] => JSON.parse(seen[appliedKey] ?? '[]') as string[];

/** What there was, and the phases whose declared effects lie between that and now. */
export interface Reference {
  readonly seen: Seen;
  readonly since: readonly PhasePlan[];
}

/**
 * The boundary of the latest phase, since only what happened after it is still to be judged; or the baseline, where there
 * is no boundary yet, or where a phase that the boundary rests on has been undone.
 */
export function referenceOf({
  baseline,
  boundary,
  declared,
}: Pick<Look, 'baseline' | 'boundary' | 'declared'>): Reference | undefined {
  const all = everyPhase(declared);
  const rests = (seen: Seen) => appliedIn(seen).every((id) => all.some((phase) => phase.id === id));
  const seen = boundary !== undefined && Object.keys(boundary).length > 0 && rests(boundary) ? boundary : baseline;
  if (seen === undefined) return undefined;
  const before = new Set(appliedIn(seen));
  return { seen, since: [...declared.applied.filter(({ id }) => !before.has(id)), ...unfinished(declared)] };
}
