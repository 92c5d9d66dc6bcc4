import type { Complaint } from '../kernel/errors.ts';
import type { Plan } from '../plan/plan.ts';
import { type Principal, type Right, rightsOf, whoMay } from './roles.ts';

/** A refusal with its reason: one word for machines, and the three parts of every complaint for people. */
export interface Refusal extends Complaint {
  readonly because: string;
  /** One sentence each, if several things are missing. */
  readonly missing?: readonly string[];
}

const seeStatus = 'See `ripcord run status`';

export const refuse = (because: string, found: string, wanted: string, todo = seeStatus): Refusal => ({
  because,
  found,
  wanted,
  todo,
});

export function refuseWithoutRight(plan: Plan, by: Principal, right: Right): Refusal | undefined {
  if (rightsOf(plan, by.role).includes(right)) return undefined;
  const others = whoMay(plan, right);
  return refuse(
    'not-allowed',
    `${by.id} is ${by.role}, a role without the right ${right}`,
    `a principal with the right ${right}`,
    others.length === 0 ? 'Add such a principal to the plan' : `Ask ${others.join(' or ')}`,
  );
}
