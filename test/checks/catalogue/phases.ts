import { type Declared, nothingDeclared } from '../../../src/core/evidence/declared.ts';
import { effects, type Effects, type PhasePlan } from '../../../src/core/plan/phase.ts';

const phase = (declared: Partial<Effects>): PhasePlan =>
  ({ id: 'phase', effects: effects.parse(declared) }) as unknown as PhasePlan;

/** A phase with these effects has ended. */
export const applied = (declared: Partial<Effects>): Declared => ({ underWay: [], applied: [phase(declared)] });
/** A phase with these effects has failed. */
export const left = (declared: Partial<Effects>): Declared => ({ ...nothingDeclared, left: [phase(declared)] });
/** A phase with these effects was lost, and nothing of it is at work any more. */
export const lost = (declared: Partial<Effects>): Declared => ({ ...nothingDeclared, lost: [phase(declared)] });
/** A phase with these effects is running. */
export const underWay = (declared: Partial<Effects>): Declared => ({ underWay: [phase(declared)], applied: [] });
