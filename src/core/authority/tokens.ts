import { hash, type Hash, type PrincipalId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { PrincipalPlan } from '../plan/authority.ts';
import type { Plan } from '../plan/plan.ts';
import { type Refusal, refuse, refuseWithoutRight } from './refusal.ts';
import { type Principal, rightsOf } from './roles.ts';

interface OfToken {
  readonly v: 1;
  readonly at: Instant;
  readonly principal: string;
  /** The token that ended, not the principal: a new token in the plan works. */
  readonly tokenHash: Hash;
}

/** How tokens end. These events belong to no run. Expiries are recorded, so that a clock that is set back revives nothing. */
export type TokenEvent =
  | (OfToken & { readonly type: 'token-revoked'; readonly by: PrincipalId; readonly reason: string })
  | (OfToken & { readonly type: 'token-expired'; readonly expires: Instant });

export interface EndedTokens {
  readonly revoked: ReadonlySet<string>;
  /** Keyed by token and expiry: if the plan now gives the token a later expiry, it is valid again. */
  readonly expired: ReadonlySet<string>;
}

export const noneEnded: EndedTokens = { revoked: new Set(), expired: new Set() };

const expiry = (tokenHash: string, expires: Instant): string => `${tokenHash} ${expires}`;

export function evolveTokens(ended: EndedTokens, event: TokenEvent): EndedTokens {
  switch (event.type) {
    case 'token-revoked':
      return { ...ended, revoked: new Set([...ended.revoked, event.tokenHash]) };
    case 'token-expired':
      return { ...ended, expired: new Set([...ended.expired, expiry(event.tokenHash, event.expires)]) };
  }
}

export type TokenFault = 'unknown' | 'expired' | 'revoked';

/** Why the principal's token is not valid now, if it is not. */
export function tokenFault(
  { token_hash: tokenHash, token_expires: expires }: PrincipalPlan,
  ended: EndedTokens,
  now: Instant,
): TokenFault | undefined {
  if (ended.revoked.has(tokenHash)) return 'revoked';
  if (expires === undefined) return undefined;
  return expires <= now || ended.expired.has(expiry(tokenHash, expires)) ? 'expired' : undefined;
}

/** Refuses a principal whose token ended after the request was accepted. */
export function refuseEnded(plan: Plan, ended: EndedTokens, by: PrincipalId, now: Instant): Refusal | undefined {
  const found = plan.principals.find(({ id }) => id === by);
  const fault = found === undefined ? 'unknown' : tokenFault(found, ended, now);
  if (fault === undefined) return undefined;
  const said = fault === 'unknown' ? 'is not in the plan' : `was ${fault === 'revoked' ? 'revoked' : 'found expired'}`;
  return refuse(
    'unknown-token',
    `the token of ${by} ${said} before the request was decided`,
    'a token that is valid until the request is decided',
    'Ask somebody with a valid token',
  );
}

/** Tokens that have expired without a recorded event. */
export function tokenExpiries(plan: Plan, ended: EndedTokens, now: Instant): readonly TokenEvent[] {
  return plan.principals.flatMap(({ id, token_hash: tokenHash, token_expires: expires }): readonly TokenEvent[] =>
    expires === undefined || expires > now || ended.expired.has(expiry(tokenHash, expires))
      ? []
      : [{ type: 'token-expired', v: 1, at: now, principal: id, tokenHash: hash(tokenHash), expires }],
  );
}

export interface RevokeInput {
  readonly principal: string;
  readonly by: Principal;
  readonly reason: string;
}

/** A revocation is permanent, so nobody may silence a principal who has rights that they do not have. */
function refuseSilencing(plan: Plan, by: Principal, { id, role }: PrincipalPlan): Refusal | undefined {
  const lackedBy = (other: string) => rightsOf(plan, role).filter((right) => !rightsOf(plan, other).includes(right));
  const lacks = lackedBy(by.role);
  if (lacks.length === 0) return undefined;
  const others = plan.principals.filter(
    (one) => lackedBy(one.role).length === 0 && rightsOf(plan, one.role).includes('operate'),
  );
  const other = others.length === 0 ? 'Take' : `Ask ${others.map((one) => one.id).join(' or ')}, or take`;
  return refuse(
    'not-allowed',
    `${by.id} is ${by.role}, a role without rights that ${id} has: ${lacks.join(', ')}`,
    `${id}, or a principal with the right operate and every right that ${id} has`,
    `${other} the hash out of the plan and restart the daemon`,
  );
}

/** Everybody can revoke their own token; an operator can revoke the tokens of principals with no more rights than theirs. */
export function decideRevoke(
  plan: Plan,
  ended: EndedTokens,
  { principal, by, reason }: RevokeInput,
  now: Instant,
): { readonly events: readonly TokenEvent[] } | { readonly refused: Refusal } {
  const denied = by.id === principal ? undefined : refuseWithoutRight(plan, by, 'operate');
  if (denied !== undefined) return { refused: denied };
  const found = plan.principals.find(({ id }) => id === principal);
  if (found === undefined) {
    const wanted = `one of: ${plan.principals.map(({ id }) => id).join(', ')}`;
    return { refused: refuse('unknown-principal', `the plan has no principal ${principal}`, wanted, 'Check the id') };
  }
  const silencing = by.id === principal ? undefined : refuseSilencing(plan, by, found);
  if (silencing !== undefined) return { refused: silencing };
  const tokenHash = hash(found.token_hash);
  if (ended.revoked.has(tokenHash)) return { events: [] };
  return { events: [{ type: 'token-revoked', v: 1, at: now, principal, tokenHash, by: by.id, reason }] };
}
