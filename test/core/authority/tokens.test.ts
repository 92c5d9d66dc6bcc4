import { describe, expect, test } from 'vitest';

import {
  decideRevoke,
  evolveTokens,
  noneEnded,
  type TokenEvent,
  tokenExpiries,
  tokenFault,
} from '../../../src/core/authority/tokens.ts';
import type { Instant } from '../../../src/core/kernel/units.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { aPlan, at, dana, lena, pipeline, ravi, start } from '../../support/builders.ts';

const hour = 3_600;
/** Each principal has a token of their own; that of lena ends at 03:00. */
function plan(expires = '2026-11-22T03:00Z', digit = ''): Plan {
  const of = (place: number) => `sha256:${`${place}${digit}`.padEnd(64, '0')}`;
  const principals = [dana, ravi, lena, pipeline].map((one, place) => ({
    ...one,
    token_hash: of(place + 1),
    ...(one === lena && { token_expires: expires }),
  }));
  return aPlan({ principals });
}
const fold = (...events: readonly TokenEvent[]) => events.reduce(evolveTokens, noneEnded);
const faultOf = (id: string, ended = noneEnded, now: Instant = start, of = plan()) =>
  tokenFault(
    of.principals.find((one) => one.id === id)!,
    ended,
    now,
  );
const revoke = (principal: string, by: typeof dana, ended = noneEnded) =>
  decideRevoke(plan(), ended, { principal, by, reason: 'stolen' }, start);
const revoked = (principal: string, by = dana) => {
  const decision = revoke(principal, by);
  if ('refused' in decision) throw new Error(decision.refused.found);
  return decision.events;
};

describe('a token expires', () => {
  test.each([
    { second: hour - 1, fault: undefined },
    { second: hour, fault: 'expired' },
    { second: 2 * hour, fault: 'expired' },
  ])('at the moment that the plan says, not before: second $second, $fault', ({ second, fault }) => {
    expect(faultOf('lena', noneEnded, at(second))).toBe(fault);
    expect(faultOf('dana', noneEnded, at(second))).toBeUndefined();
  });

  test('and stays expired when the clock is set back by an hour', () => {
    const events = tokenExpiries(plan(), noneEnded, at(hour));
    expect(events).toMatchObject([{ type: 'token-expired', principal: 'lena', expires: at(hour) }]);
    expect(faultOf('lena', fold(...events), at(0))).toBe('expired');
    expect(tokenExpiries(plan(), fold(...events), at(hour + 1))).toEqual([]); // recorded once
  });

  test('a clock that is set forward by an hour ends this token only', () => {
    expect(tokenExpiries(plan(), noneEnded, at(hour - 1))).toEqual([]);
    expect(faultOf('lena', noneEnded, at(2 * hour - 1))).toBe('expired');
  });

  test('a later expiry in the plan, or another token, is valid again', () => {
    const ended = fold(...tokenExpiries(plan(), noneEnded, at(hour)));
    expect(faultOf('lena', ended, at(hour), plan('2026-11-22T04:00Z'))).toBeUndefined();
    expect(faultOf('lena', ended, at(hour - 1), plan('2026-11-22T03:00Z', '7'))).toBeUndefined();
  });
});

describe('a token is revoked', () => {
  test.each([
    { principal: 'lena', by: dana, answer: 'revoked' },
    { principal: 'deploy', by: ravi, answer: 'revoked' }, // an operator who has every right that deploy has
    { principal: 'dana', by: ravi, answer: 'not-allowed' },
    { principal: 'lena', by: ravi, answer: 'not-allowed' },
    { principal: 'lena', by: lena, answer: 'revoked' },
    { principal: 'deploy', by: pipeline, answer: 'revoked' },
    { principal: 'dana', by: lena, answer: 'not-allowed' },
    { principal: 'dana', by: pipeline, answer: 'not-allowed' },
    { principal: 'nobody', by: dana, answer: 'unknown-principal' },
    { principal: 'nobody', by: lena, answer: 'not-allowed' },
  ])('$principal by $by.id: $answer', ({ principal, by, answer }) => {
    const decision = revoke(principal, by);
    expect('refused' in decision ? decision.refused.because : 'revoked').toBe(answer);
    if ('events' in decision) expect(faultOf(principal, fold(...decision.events))).toBe('revoked');
  });

  test('nobody can revoke the token of a principal with more rights; the refusal says what is missing and whom to ask', () => {
    const decision = revoke('lena', ravi);
    expect('refused' in decision && decision.refused).toEqual({
      because: 'not-allowed',
      found: 'ravi is release_engineer, a role without rights that lena has: approve-phase-rollback, approve-restore',
      wanted: 'lena, or a principal with the right operate and every right that lena has',
      todo: 'Ask dana, or take the hash out of the plan and restart the daemon',
    });
  });

  test.each([
    { rights: ['view', 'operate', 'approve-restore'], answer: 'revoked' },
    { rights: ['view', 'approve-restore'], answer: 'not-allowed' },
    { rights: ['view', 'operate', 'approve-phase-rollback'], answer: 'not-allowed' },
  ])('a plan that gives $rights to who revokes the token of a role with [view, approve-restore]: $answer', (row) => {
    const { rights, answer } = row;
    const roles = { release_engineer: { rights }, technical_lead: { rights: ['view', 'approve-restore'] } };
    const decision = decideRevoke(
      aPlan({ roles }),
      noneEnded,
      { principal: 'lena', by: ravi, reason: 'stolen' },
      start,
    );
    expect('refused' in decision ? decision.refused.because : 'revoked').toBe(answer);
  });

  test('a second revocation changes nothing; a new token in the plan works, but the old one never does', () => {
    const ended = fold(...revoked('lena'));
    expect(revoke('lena', dana, ended)).toEqual({ events: [] });
    expect(faultOf('lena', ended, start, plan('2026-11-22T03:00Z', '7'))).toBeUndefined();
    expect(faultOf('lena', ended)).toBe('revoked');
    expect(faultOf('dana', ended)).toBeUndefined();
  });
});
