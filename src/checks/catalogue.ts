import type { CatalogueId } from '../core/plan/catalogue.ts';
import type { Check } from './check.ts';
import { invalidIndexes } from './integrity/indexes.ts';
import { lockQueue } from './pressure/lock-queue.ts';
import { rlsOff } from './security/row-level.ts';

type Catalogue = { readonly [Id in CatalogueId]?: Check<Id> };

/** Every check that a PostgreSQL is asked unless the plan switches it off, in the order in which they are shown. */
export const checks: Catalogue = {
  'invalid-indexes': invalidIndexes,
  'rls-off': rlsOff,
  'lock-queue': lockQueue,
};

/** Whether a finding tells of what undoing a phase must bring back: what comes and goes by itself does not. */
export function isProof(id: string): boolean {
  const check = Object.values(checks).find((one) => one.id === id);
  return check === undefined || check.mayAt === 'veto';
}

/** Whether the answers of a check are compared with the boundary of the latest phase. */
export const isComparedWithBoundary = (id: string): boolean =>
  Object.entries(checks).some(([known, { against }]) => known === id && against === 'boundary');
