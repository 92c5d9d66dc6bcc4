import type { Comparison } from '../evidence/compare.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Extent } from './events.ts';
import type { Recommendation } from './recommendation.ts';

export interface Applied {
  /** The phase's command said that it had finished. */
  readonly finished: boolean;
  /** It may have left the database as its boundary was and yet have done something: see `isDoubtful`. */
  readonly doubtful: boolean;
}

/** How far a phase came, from its comparison with its boundary and from what its command said. */
export function extentOf(outcome: Comparison['outcome'], { finished, doubtful }: Applied): Extent {
  switch (outcome) {
    case 'different':
      return finished ? 'wholly' : 'partly';
    case 'same':
      return finished || doubtful ? 'unknown' : 'not-at-all';
    case 'unknown':
      return 'unknown';
  }
}

/**
 * The boundary sees the schema and the checks. What it does not see is expected of a phase that declares to write rows, of
 * one that a person ordered to be undone, and of one that a breach other than of its runtime is attributed to.
 */
export function isDoubtful(
  phase: PhasePlan | undefined,
  because: Pick<Recommendation, 'attributedTo' | 'evidence' | 'orderedBy'> | undefined,
): boolean {
  if (phase === undefined || Object.keys(phase.effects.writes).length > 0) return true;
  if (because?.attributedTo !== phase.id) return false;
  return because.orderedBy !== undefined || because.evidence.some(({ criterion }) => criterion !== 'runtime');
}
