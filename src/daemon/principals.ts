import { type Principal, principalOf } from '../core/authority/roles.ts';
import type { Plan } from '../core/plan/plan.ts';
import { tokenMatches } from '../api/token.ts';

/** Whose token it is. Every hash is compared, so that the time tells nothing about which one came close. */
export function principalByToken(plan: Plan, token: string): Principal | undefined {
  const matching = plan.principals.filter(({ token_hash: hash }) => tokenMatches(token, hash));
  return matching[0] === undefined ? undefined : principalOf(matching[0]);
}
