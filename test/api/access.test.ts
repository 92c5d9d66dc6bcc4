import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import type { Route } from '../../src/api/route.ts';
import { routes } from '../../src/api/routes.ts';
import { type Api, startApi } from '../../src/api/server.ts';
import { rightsOf } from '../../src/core/authority/roles.ts';
import { principalId, runId } from '../../src/core/kernel/ids.ts';
import { type Right, rightNames } from '../../src/core/plan/authority.ts';
import { aPlan, start } from '../support/builders.ts';
import { fleetOf } from '../support/fleet-of.ts';

/** One principal for each right, holding only that right, and one without rights. Their tokens are their names. */
const everybody = ['none', ...rightNames];
const plan = aPlan({
  roles: Object.fromEntries(everybody.map((name) => [name, { rights: rightNames.filter((right) => right === name) }])),
});

/** The requests that the routes made to the guard. */
const asked: string[] = [];
const guard = new Proxy<object>(
  {
    name: { plan: plan.name, target: 'staging' },
    now: () => start,
    rightsOf: (role: string) => rightsOf(plan, role),
    current: () => ({ run: runId('run-1') }),
    principalOf: (token: string) =>
      everybody.includes(token) ? { principal: { id: principalId(token), role: token } } : { fault: 'unknown' },
  },
  {
    get: (own, name) =>
      Object.hasOwn(own, name)
        ? (own as Record<PropertyKey, unknown>)[name]
        : () => {
            asked.push(String(name));
            throw new Error('whoever came so far was let in');
          },
  },
) as Guard;

let api: Api;
beforeAll(async () => {
  const listen = { host: '127.0.0.1', port: 0 };
  const nothing = () => undefined;
  api = await startApi({ fleet: fleetOf([guard]), listen, onError: nothing, onNobody: nothing, onTurnedAway: nothing });
});
afterAll(() => api[Symbol.asyncDispose]());

const deciding: readonly Right[] = ['approve-phase-rollback', 'approve-restore'];
/** In the order of docs/api.md: the first match counts. A principal with one of the rights may call the route. */
const table: readonly (readonly [RegExp, readonly Right[]])[] = [
  [/\/gate$/, ['view', 'report-phases']],
  [/^get /, ['view']],
  [/ \/api\/v1\/runs$|\/(?:baseline|close)$/, ['operate']],
  [/\/phases\//, ['report-phases']],
  [/\/(?:rollback|abort|confirm|approve|decline)$/, deciding],
  [/\/disarm$/, ['arm', 'hold']],
  [/\/(?:hold|resume)$/, ['hold']],
  [/\/arm$/, ['arm']],
  [/\/waive$/, ['waive']],
  [/\/pre-approve$/, ['pre-approve']],
  [/\/acknowledge$/, ['acknowledge']],
  [/\/principals\/:principal\/revoke$/, rightNames],
];
const rightsFor = ({ method, path }: Route) => table.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1] ?? [];

const call = async ({ method, path }: Route, token?: string): Promise<number> => {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(api.url + path.replace(':id', 'current').replaceAll(':', ''), { method, headers });
  await answer.body?.cancel();
  return answer.status;
};

const guarded = routes.filter(({ access }) => access !== 'anyone');
test.each(guarded)(
  '$method $path admits principals with the right, and the guard gets no other request',
  async (route) => {
    const may = rightsFor(route);
    expect(may).not.toEqual([]);
    for (const name of everybody) {
      asked.length = 0;
      const status = await call(route, name);
      const isIn = may.some((right) => right === name) || (route.access === 'principals' && name === 'none');
      expect([name, status === 403, asked.length > 0]).toEqual([name, !isIn, isIn && asked.length > 0]);
    }
    asked.length = 0;
    for (const token of [undefined, 'dana', 'View']) expect([401, 429]).toContain(await call(route, token));
    expect(asked).toEqual([]);
  },
);

test('only routes about the guard’s own health need no token', () => {
  const open = routes.filter(({ access }) => access === 'anyone').map(({ method, path }) => `${method} ${path}`);
  expect(open).toEqual(['get /healthz', 'get /readyz', 'get /metrics']);
});
