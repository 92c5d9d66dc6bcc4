import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { holderIn } from '../../src/api/fleet.ts';
import type { Guard } from '../../src/api/guard.ts';
import { type Api, startApi } from '../../src/api/server.ts';
import { principalId } from '../../src/core/kernel/ids.ts';
import { rightNames } from '../../src/core/plan/authority.ts';
import { fleetOf } from '../support/fleet-of.ts';

/** The principal of each token in each plan. `shared` is in two plans, and has no right in one of them. */
const tokens: Readonly<Record<string, readonly string[]>> = {
  mover: ['move'],
  shared: ['move', 'shrink'],
  half: ['shrink'],
  idle: ['shrink'],
  ended: ['shrink'],
  nobody: [],
};

interface Newest {
  readonly run: string;
  readonly open?: boolean;
}

/** Guards with an unreadable journal. */
const sick = new Set<string>();
const done: string[] = [];
const newest = new Map<string, Newest>();

function healthy(name: string): true {
  if (sick.has(name)) throw new Error('the disk is gone');
  return true;
}

function guardOf(plan: string, target: string): Guard {
  const name = `${plan} in ${target}`;
  const current = () => {
    const now = newest.get(name);
    return now && { run: now.run, openedAt: 1, ...(now.open !== true && { closed: {} }) };
  };
  return {
    name: { plan, target },
    rightsOf: (role: string) => (role === 'shared in shrink' || role === 'idle in shrink' ? [] : rightNames),
    principalOf: (token: string) =>
      tokens[token]?.includes(plan) === true
        ? { principal: { id: principalId(token), role: `${token} in ${plan}` } }
        : { fault: token === 'ended' && target === 'staging' ? 'revoked' : 'unknown' },
    owns: async (run: string) => healthy(name) && (run.startsWith(name.replaceAll(' ', '-')) || current()?.run === run),
    current,
    view: async (run: string) => healthy(name) && { run, stage: 'open', mode: 'observe', openedAt: 1, guard: name },
    runs: async () =>
      current() === undefined ? [] : [{ run: current()?.run, plan, environment: target, openedAt: 1 }],
    unready: () => (target === 'prod' ? [] : ['the target does not answer']),
    overdue: () => [],
    logins: () => [],
    open: async () => (done.push(`open ${name}`), { events: [] }),
    submit: async (run: string, { kind }: { kind: string }) => (done.push(`${kind} ${run}`), { events: [] }),
  } as unknown as Guard;
}

const absent = [
  { name: undefined, file: 'broken.yaml', because: 'the plan has 2 faults', knows: () => false },
  {
    name: { plan: 'gone', target: 'prod' },
    file: 'gone.yaml',
    because: 'the target does not answer',
    knows: (token: string) => token === 'half',
  },
];
let api: Api;
beforeAll(async () => {
  const guards = [guardOf('move', 'prod'), guardOf('move', 'staging'), guardOf('shrink', 'prod')];
  const ignore = () => undefined;
  const listen = { host: '127.0.0.1', port: 0 };
  const fleet = fleetOf(guards, absent);
  api = await startApi({ fleet, listen, onError: ignore, onNobody: ignore, onTurnedAway: ignore });
});
afterAll(() => api[Symbol.asyncDispose]());

async function ask(path: string, token: string, body?: object) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${api.url}/api/v1${path}`, init);
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const stand = (now: Readonly<Record<string, Newest>>): void => {
  newest.clear();
  sick.clear();
  done.length = 0;
  for (const [name, run] of Object.entries(now)) newest.set(name, run);
};

const [inProd, inStaging] = [{ run: 'move-in-prod-1' }, { run: 'move-in-staging-1' }];

describe('the current run', () => {
  test.each([
    { when: 'one of two is open', now: { 'move in prod': inProd, 'move in staging': { ...inStaging, open: true } } },
    { when: 'one of two ever was', now: { 'move in staging': { ...inStaging, open: true } } },
  ])('is unambiguous when $when', async ({ now }) => {
    stand(now);
    expect(await ask('/runs/current', 'mover')).toMatchObject({ status: 200, answer: { run: 'move-in-staging-1' } });
  });

  test.each([
    {
      when: 'both are open',
      now: { 'move in prod': { ...inProd, open: true }, 'move in staging': { ...inStaging, open: true } },
    },
    { when: 'neither is', now: { 'move in prod': inProd, 'move in staging': inStaging } },
  ])('is ambiguous when $when, and the error lists the choices', async ({ now }) => {
    stand(now);
    const { status, answer } = await ask('/runs/current/hold', 'mover', { reason: 'x' });
    expect([status, answer.because]).toEqual([409, 'ambiguous']);
    expect(answer.found).toMatch(
      /^2 guards could be meant: move in prod \(move-in-prod-1.*\); move in staging \(move-in-staging-1/,
    );
    expect(answer.todo).toContain('--plan NAME');
    expect(done).toEqual([]);
  });

  test.each([
    { query: '?target=staging', run: 'move-in-staging-1' },
    { query: '?plan=move&target=prod', run: 'move-in-prod-1' },
  ])('is the run of $query', async ({ query, run }) => {
    stand({ 'move in prod': inProd, 'move in staging': inStaging });
    await ask(`/runs/current/hold${query}`, 'mover', { reason: 'x' });
    expect(done).toEqual([`hold ${run}`]);
  });

  test('of a missing guard is refused, and the error lists the existing guards', async () => {
    expect(await ask('/runs/current?plan=shrnk', 'shared')).toMatchObject({
      status: 404,
      answer: { because: 'unknown-guard', wanted: 'one of: move in prod; move in staging; shrink in prod' },
    });
  });
});

describe('a run named by its id', () => {
  const twins = {
    'move in prod': { run: 'same-second', open: true },
    'move in staging': { run: 'same-second', open: true },
  };

  test('belongs to the guard named beside it; without one, an id that two guards have opened belongs to neither', async () => {
    stand(twins);
    const hold = (query: string) => ask(`/runs/same-second/hold${query}`, 'mover', { reason: 'x' });
    expect(await hold('')).toMatchObject({ status: 409, answer: { because: 'ambiguous' } });
    expect(done).toEqual([]);
    expect(await hold('?target=staging')).toMatchObject({ status: 200, answer: { guard: 'move in staging' } });
  });

  test('is refused if another guard is named beside it', async () => {
    stand({ 'move in prod': { ...inProd, open: true } });
    expect(await ask('/runs/move-in-prod-1/hold?target=staging', 'mover', { reason: 'x' })).toMatchObject({
      status: 404,
      answer: { because: 'unknown-guard' },
    });
    expect(done).toEqual([]);
  });
});

test.each([
  { token: 'half', query: '', status: 503, because: 'guard-absent' },
  { token: 'half', query: '?plan=gone', status: 503, because: 'guard-absent' },
  { token: 'half', query: '?plan=shrink', status: 404, because: 'unknown-run' },
  { token: 'mover', query: '', status: 404, because: 'unknown-run' },
])(
  'a run of an absent guard cannot be told from one that does not exist by a token of that guard ($token$query): $status',
  async ({ token, query, status, because }) => {
    stand({ 'shrink in prod': { run: 'shrink-in-prod-1', open: true } });
    const path = `/runs/gone-in-prod-1/phases/p/finish${query}`;
    expect(await ask(path, token, {})).toMatchObject({ status, answer: { because } });
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${api.url}/api/v1/runs/gone-in-prod-1${query}`, { headers });
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, status === 503 ? '5' : null]);
    expect(done).toEqual([]);
  },
);

test('a guard that cannot read its journal does not block another’s runs or the list', async () => {
  stand({ 'move in prod': { ...inProd, open: true }, 'move in staging': { ...inStaging, open: true } });
  sick.add('move in prod');
  expect((await ask('/runs/move-in-staging-1/hold', 'mover', { reason: 'x' })).status).toBe(200);
  const { answer } = await ask('/guards', 'mover');
  expect(answer.guards).toMatchObject([
    { target: 'prod', ready: false, because: [expect.stringMatching(/^its newest run cannot be shown: /)] },
    { target: 'staging', run: { run: 'move-in-staging-1' } },
  ]);
  expect((await ask('/runs/move-in-prod-1', 'mover')).status).toBe(500);
});

test.each(['/runs/current', '/runs/move-in-prod-1'])('a guard named twice is refused: %s', async (path) => {
  stand({ 'move in prod': { ...inProd, open: true }, 'move in staging': inStaging });
  const { status, answer } = await ask(`${path}/hold?target=staging&target=prod`, 'mover', { reason: 'x' });
  expect([status, answer.because]).toEqual([400, 'bad-request']);
  expect(done).toEqual([]);
});

describe('a token', () => {
  const all = { 'move in prod': inProd, 'move in staging': inStaging, 'shrink in prod': { run: 'shrink-in-prod-1' } };
  test('shows the guards and the runs of its plan only', async () => {
    stand(all);
    const { answer } = await ask('/guards', 'mover');
    expect(answer.guards).toMatchObject([
      { plan: 'move', target: 'prod', ready: true, run: { run: 'move-in-prod-1' } },
      { plan: 'move', target: 'staging', ready: false, because: ['the target does not answer'] },
    ]);
    const { runs } = (await ask('/runs', 'mover')).answer as { runs: readonly { run: string }[] };
    expect(runs.map(({ run }) => run)).toEqual(['move-in-prod-1', 'move-in-staging-1']);
  });

  test('of another plan knows none of its runs, whatever it requests', async () => {
    stand(all);
    for (const path of ['', '/events', '/report', '/plan', '/baseline'])
      expect(await ask(`/runs/shrink-in-prod-1${path}`, 'mover')).toMatchObject({
        status: 404,
        answer: { because: 'unknown-run' },
      });
    expect(await ask('/runs/shrink-in-prod-1/hold', 'mover', { reason: 'x' })).toMatchObject({ status: 404 });
    expect(done).toEqual([]);
  });

  test('has in each plan the rights of that plan', async () => {
    stand(all);
    expect(await ask('/runs/shrink-in-prod-1', 'shared')).toMatchObject({ status: 403 });
    expect(await ask('/runs/move-in-prod-1', 'shared')).toMatchObject({ status: 200 });
    expect((await ask('/guards', 'shared')).answer.guards).toHaveLength(2);
  });

  test.each([
    { token: 'half', where: 'a guard that is not at work', names: 'gone in prod' },
    { token: 'ended', where: 'a guard where it was revoked', names: 'move in staging' },
  ])('that is also in $where does not silently mean another guard, unless that is named', async ({ token, names }) => {
    stand({ 'shrink in prod': { run: 'shrink-in-prod-1', open: true } });
    const { status, answer } = await ask('/runs/current/hold', token, { reason: 'x' });
    expect([status, answer.because, done]).toEqual([409, 'ambiguous', []]);
    expect(answer.found).toContain(names);
    await ask('/runs/current/hold?plan=shrink', token, { reason: 'x' });
    await ask('/runs/shrink-in-prod-1/hold', token, { reason: 'x' });
    expect(done).toEqual(['hold shrink-in-prod-1', 'hold shrink-in-prod-1']);
  });

  test('of no plan belongs to nobody', async () => {
    expect(await ask('/guards', 'nobody')).toMatchObject({ status: 401 });
  });
});

test.each([
  { token: 'mover', guards: ['move in prod', 'move in staging'], mayReport: true },
  { token: 'half', guards: ['shrink in prod'], mayReport: true },
  { token: 'idle', guards: ['shrink in prod'], mayReport: false },
])('a connection with the token $token belongs to $guards', ({ token, guards, mayReport }) => {
  const fleet = fleetOf([guardOf('move', 'prod'), guardOf('move', 'staging'), guardOf('shrink', 'prod')], absent);
  const principal = guards.map((guard) => `${token} of ${guard}`).join(', ');
  expect(holderIn(fleet, token)).toEqual({ guards, principal, mayReport });
});

test.each(['ended', 'nobody'])('a connection with the token %s belongs to no principal', (token) => {
  expect(holderIn(fleetOf([guardOf('move', 'staging')], absent), token)).toBeUndefined();
});

test('a run is opened by the named guard, because several could be meant', async () => {
  stand({});
  expect(await ask('/runs', 'mover', {})).toMatchObject({ status: 409, answer: { because: 'ambiguous' } });
  expect(done).toEqual([]);
  stand({ 'move in staging': inStaging });
  expect((await ask('/runs?target=staging', 'mover', {})).status).toBe(201);
  expect(done).toEqual(['open move in staging']);
});

test('/readyz says which guard has which problem, including missing guards', async () => {
  const answer = await fetch(`${api.url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    because: [
      'broken.yaml: the guard is not at work; the daemon’s log says why',
      'gone in prod: the guard is not at work; the daemon’s log says why',
      'move in staging: the target does not answer',
    ],
  });
});
