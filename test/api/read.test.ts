import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import type { Route } from '../../src/api/route.ts';
import { routes } from '../../src/api/routes.ts';
import { type Api, startApi } from '../../src/api/server.ts';
import { runId } from '../../src/core/kernel/ids.ts';
import { rightNames } from '../../src/core/plan/authority.ts';
import { nothing } from '../../src/core/run/decision.ts';
import type { Input } from '../../src/core/run/input.ts';
import { dana, start } from '../support/builders.ts';
import { fleetOf } from '../support/fleet-of.ts';

/** Every changing route either names what its caller has read, or is harmless by its effect. */

const plan_hash = `sha256:${'0'.repeat(64)}`;
const reason = 'a test';

interface Names {
  /** A complete body. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The keys that say what was read, and what the guard receives for them. */
  readonly keys: Readonly<Record<string, string>>;
}
const plan = { plan_hash: 'planHash' };
const question = { question_id: 'questionId' };
const naming: Readonly<Record<string, Names>> = {
  '/runs/:id/arm': { body: { plan_hash }, keys: plan },
  '/runs/:id/waive': { body: { plan_hash, requirement: 'rehearsal', reason }, keys: plan },
  '/runs/:id/pre-approve': { body: { plan_hash, pre_approval: 'at-night' }, keys: plan },
  '/runs/:id/rollback': {
    body: { plan_hash, undo_revision: 41, reason },
    keys: { ...plan, undo_revision: 'undoRevision' },
  },
  '/runs/:id/abort': { body: { rollback_id: 'r1-rollback', reason }, keys: { rollback_id: 'rollback' } },
  '/runs/:id/resume': { body: { question_id: 7 }, keys: question },
  '/runs/:id/confirm': { body: { question_id: 7, step: 'a/b', answer: 'done', reason }, keys: question },
  '/runs/:id/recommendations/:rec/approve': { body: { question_id: 7, reason }, keys: question },
  '/runs/:id/recommendations/:rec/decline': { body: { question_id: 7, reason }, keys: question },
  '/runs/:id/recommendations/:rec/acknowledge': { body: { question_id: 7 }, keys: question },
};

const report = 'a wrapper tells what its own attempt has done, which `tag` names; it decides nothing';
const harmless: Readonly<Record<string, string>> = {
  '/runs': 'a run that begins may do nothing yet: what it may do is allowed afterwards, for a plan that is named',
  '/runs/:id/baseline': 'it looks only; refused while the run is armed, and arming names the plan',
  '/runs/:id/disarm': 'afterwards the guard may do less',
  '/runs/:id/hold': 'afterwards less may begin',
  '/runs/:id/close': 'everything that was allowed ends; refused while anything runs, is undone or waits for an answer',
  '/runs/:id/phases/:phase/start': `${report}; the plan is named where the command comes from one`,
  '/runs/:id/phases/:phase/spawned': report,
  '/runs/:id/phases/:phase/progress': report,
  '/runs/:id/phases/:phase/finish': report,
  '/runs/:id/phases/:phase/fail': report,
  '/principals/:principal/revoke': 'afterwards one token less counts',
};

const changing = routes.filter(({ method }) => method !== 'get');
const nameOf = ({ path }: Route): string => path.replace('/api/v1', '');

test('each changing route requires what the caller has read, or is on the list of those that do not', () => {
  const known = [...Object.keys(naming), ...Object.keys(harmless)];
  expect(changing.map(nameOf).toSorted()).toEqual(known.toSorted());
});

/** The input that the guard received. */
const given: Input[] = [];
const run = runId('run-1');
const guard = {
  now: () => start,
  name: { plan: 'move', target: 'staging' },
  rightsOf: () => rightNames,
  principalOf: () => ({ principal: dana }),
  current: () => ({ run }),
  view: async () => ({ run }),
  async submit(_run: unknown, input: Input) {
    given.push(input);
    return nothing;
  },
} as unknown as Guard;

let api: Api;
beforeAll(async () => {
  const listen = { host: '127.0.0.1', port: 0 };
  const ignore = () => undefined;
  api = await startApi({ fleet: fleetOf([guard]), listen, onError: ignore, onNobody: ignore, onTurnedAway: ignore });
});
afterAll(() => api[Symbol.asyncDispose]());

async function post(name: string, body: object) {
  const path = `/api/v1${name.replace(':id', 'current').replaceAll(':', '')}`;
  const headers = { authorization: 'Bearer x', 'content-type': 'application/json' };
  given.length = 0;
  const response = await fetch(api.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe.each(Object.entries(naming))('POST %s', (name, { body, keys }) => {
  test('passes on what the caller has read', async () => {
    expect((await post(name, body)).status).toBe(200);
    const told = Object.entries(keys).map(([key, as]) => [as, body[key]]);
    expect(given).toMatchObject([Object.fromEntries(told)]);
  });

  test.each(Object.keys(keys))('is refused without %s, and the guard gets no request', async (key) => {
    const { [key]: _, ...rest } = body;
    const { status, answer } = await post(name, rest);
    expect([status, given]).toEqual([400, []]);
    expect(answer.found).toContain(key);
  });
});
