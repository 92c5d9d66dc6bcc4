import { all as everyPhase, type Declared, unfinished } from '../../core/evidence/declared.ts';
import type { Seen } from '../../core/evidence/finding.ts';
import type { PhasePlan } from '../../core/plan/phase.ts';
import type { CheckInput } from '../check.ts';

const appliedKey = 'phases applied';

/** Stored with the snapshot: the phases that it reflects. */
export const withApplied = (declared: Declared, seen: Seen): Seen => ({
  ...seen,
  [appliedKey]: JSON.stringify(declared.applied.map(({ id }) => id)),
});

const appliedIn = (seen: Seen): readonly string[] => JSON.parse(seen[appliedKey] ?? '[]') as string[];

/** An earlier state, and the phases whose declared effects lie between that state and now. */
export interface Reference {
  readonly seen: Seen;
  readonly since: readonly PhasePlan[];
}

/**
 * The boundary of the latest phase, since only later changes are still to be judged. It is the baseline if there is no
 * boundary yet, or if a phase that the boundary builds on has been rolled back.
 */
export function referenceOf({
  baseline,
  boundary,
  declared,
}: Pick<CheckInput, 'baseline' | 'boundary' | 'declared'>): Reference | undefined {
  const all = everyPhase(declared);
  const rests = (seen: Seen) => appliedIn(seen).every((id) => all.some((phase) => phase.id === id));
  const seen = boundary !== undefined && Object.keys(boundary).length > 0 && rests(boundary) ? boundary : baseline;
  if (seen === undefined) return undefined;
  const before = new Set(appliedIn(seen));
  return { seen, since: [...declared.applied.filter(({ id }) => !before.has(id)), ...unfinished(declared)] };
}
