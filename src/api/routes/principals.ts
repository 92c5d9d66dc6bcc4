import { bodies, readBody } from '../bodies.ts';
import { Refused } from '../problem.ts';
import { json, type Route } from '../route.ts';

/**
 * Works without an open run. Principals may always revoke their own token; the handler decides whether they may revoke
 * another one.
 */
export const principals: readonly Route[] = [
  {
    method: 'post',
    path: '/api/v1/principals/:principal/revoke',
    access: 'principals',
    handle: async ({ guard, params, by, body }) => {
      const { reason } = readBody(bodies.reason, body);
      const principal = params.principal ?? '';
      const decision = await guard.revokeToken({ principal, by, reason });
      if ('refused' in decision) throw new Refused(decision.refused);
      return json({ principal, revoked: true, already: decision.events.length === 0 });
    },
  },
];
