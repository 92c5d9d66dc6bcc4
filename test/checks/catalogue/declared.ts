import type { Effects, PhasePlan } from '../../../src/core/plan/phase.ts';

const nothing = {
  renames: {},
  creates: [],
  drops: [],
  writes: {},
  rls: [],
  policies: [],
  grants: [],
  indexes: [],
} satisfies Partial<Effects>;

/** A phase that declares only these effects. */
export const phaseWith = (effects: Partial<Effects>, id = 'one'): PhasePlan =>
  ({ id, effects: { ...nothing, ...effects } }) as unknown as PhasePlan;
