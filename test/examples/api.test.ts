import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Api, startApi } from '../../examples/cryoprotect/app/api.ts';
import { question, startClients } from '../../examples/cryoprotect/app/clients.ts';
import { search } from '../../examples/cryoprotect/app/queries.ts';
import { fixRelationships, undoRelationships } from '../../examples/cryoprotect/fix_relationships.ts';
import { lockDown } from '../../examples/cryoprotect/implement_security.ts';
import { namesNow } from '../../examples/cryoprotect/tables.ts';
import { rename } from '../../examples/cryoprotect/standardize_schema.ts';
import { type Copy, cryoprotect, home, quietJob } from './cryoprotect.ts';

let original: Awaited<ReturnType<typeof cryoprotect>>;
/** For requests that change nothing. */
let shared: Served;
beforeAll(async () => {
  original = await cryoprotect();
  shared = await served();
});
afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await original[Symbol.asyncDispose]();
});

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly copy: Copy;
  ask(path: string, init?: RequestInit): Promise<{ status: number; body: unknown }>;
}

async function served(): Promise<Served> {
  const copy = await original.copy();
  const api: Api = await startApi({ databaseUrl: copy.url('app_user'), port: 0 });
  const url = `http://127.0.0.1:${api.port}`;
  return {
    url,
    copy,
    async ask(path, init) {
      const response = await fetch(url + path, { ...init, headers: { connection: 'close' } });
      return { status: response.status, body: await response.json() };
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await copy[Symbol.asyncDispose]();
    },
  };
}

const questions = (seed: number) => Array.from({ length: 400 }, (_, position) => question(seed, position));
const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
const patient = { timeout: 10_000, interval: 20 };
const freeze = post({ moleculeId: 5, name: 'Freeze' });
const toPlural = (copy: Copy) => copy.as((client) => rename(quietJob(client), 'to plural'));
const toSingular = (copy: Copy) => copy.as((client) => rename(quietJob(client), 'to singular'));

test.each([
  { when: 'in the original state', change: () => Promise.resolve() },
  { when: 'after phase 1', change: (copy: Copy) => copy.as((client) => lockDown(quietJob(client))) },
  { when: 'after phase 2', change: toPlural },
  {
    when: 'after phases 1, 2 and 3',
    change: (copy: Copy) =>
      copy.as(async (client) => {
        await lockDown(quietJob(client));
        await rename(quietJob(client), 'to plural');
        await fixRelationships(quietJob(client));
      }),
  },
])('$when, the API answers each request', async ({ change }) => {
  await using app = await served();
  expect(await app.ask('/health')).toEqual({ status: 200, body: { status: 'ok' } });
  const found = {
    status: 200,
    body: expect.arrayContaining([expect.objectContaining({ name: 'Ethyl glycerol 000001' })]),
  };
  expect(await app.ask('/molecules?search=ETHYL%20gly')).toEqual(found);
  await change(app.copy);
  expect(await app.ask('/molecules?search=ETHYL%20gly')).toEqual(found);
  expect(await app.ask('/mixtures/3')).toMatchObject({ status: 200, body: { id: 3, components: [{ unit: '%' }, {}] } });
  expect(await app.ask('/mixtures/3/predictions')).toMatchObject({ status: 200, body: [{ unit: 'mOsm/kg' }, {}] });
  expect(await app.ask('/experiments', freeze)).toEqual({ status: 201, body: { id: expect.any(Number) } });
});

test.each([
  { asked: 'an unknown path', path: '/nowhere', status: 404 },
  { asked: 'an unknown mixture', path: '/mixtures/999999', status: 404 },
  { asked: 'a word as id', path: '/mixtures/one', status: 404 },
  { asked: 'a search for a character that no text can contain', path: '/molecules?search=%00', status: 400 },
  { asked: 'a search for wildcards', path: '/molecules?search=%25_', status: 200 },
  { asked: 'a body that is not JSON', path: '/experiments', init: { method: 'POST', body: '{' }, status: 400 },
  { asked: 'an experiment without a name', path: '/experiments', init: post({ moleculeId: 1 }), status: 422 },
  { asked: 'an unknown molecule', path: '/experiments', init: post({ moleculeId: 9e9, name: 'x' }), status: 422 },
  { asked: 'a body without end', path: '/experiments', init: post({ name: 'x'.repeat(20_000) }), status: 413 },
])('$asked is answered with $status', async ({ path, init, status }) => {
  expect(await shared.ask(path, init)).toMatchObject({ status });
});

test('no request fails while tables are renamed and restored under load', async () => {
  await using app = await served();
  const clients = startClients({ apiUrl: app.url, perSecond: 60, seed: 7 });
  for (const change of [toPlural, toSingular, toPlural]) {
    const { answered } = clients.stats();
    await expect.poll(() => clients.stats().answered, patient).toBeGreaterThan(answered + 20);
    await change(app.copy);
  }
  await clients.stop();
  const stats = clients.stats();
  expect(stats).toMatchObject({ failed: 0, answered: stats.sent });
});

test('the API survives the loss of its database connections', async () => {
  await using app = await served();
  expect(await app.ask('/mixtures/1')).toMatchObject({ status: 200 });
  await app.copy.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where usename = 'app_user' and datname = current_database()`);
  await expect.poll(async () => (await app.ask('/mixtures/1')).status, patient).toBe(200);
});

test('the search uses its index until it is dropped as redundant, and again after the rollback', async () => {
  await using copy = await original.copy();
  const plan = () =>
    copy.as(async (client) => {
      const { sql, values } = search(await namesNow(client), 'ethyl tre');
      const { rows } = await client.query<Record<string, string>>(`explain ${sql}`, values);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    }, 'app_user');
  const usesIndex = /^Limit .*\n +-> +Index Scan using molecule_name_prefix/;
  expect(await plan()).toMatch(usesIndex);
  await copy.as((client) => lockDown(quietJob(client)));
  expect(await plan()).toMatch(usesIndex);
  await toPlural(copy);
  await copy.as((client) => fixRelationships(quietJob(client), true));
  expect(await plan()).toMatch(/Seq Scan on molecules/);
  await copy.as((client) => undoRelationships(quietJob(client)));
  expect(await plan()).toMatch(usesIndex);
});

test('as a program, the API prints its address and exits with 0 on SIGTERM', async () => {
  const child = spawn(process.execPath, ['app/api.ts'], {
    cwd: home,
    env: { DATABASE_URL: shared.copy.url('app_user'), PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line)?.[1];
  expect((await fetch(`${url}/health`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test('clients send the same requests of each kind for the same seed', () => {
  expect(questions(1)).toEqual(questions(1));
  expect(questions(1)).not.toEqual(questions(2));
  const share = (pattern: RegExp) => questions(1).filter(({ path }) => pattern.test(path)).length / 400;
  expect(share(/^\/molecules\?search=\w/)).toBeCloseTo(0.65, 1);
  expect(share(/^\/mixtures\/\d+$/)).toBeCloseTo(0.15, 1);
  expect(share(/predictions$/)).toBeCloseTo(0.15, 1);
  expect(share(/^\/experiments$/)).toBeCloseTo(0.05, 1);
});

test('clients refuse to put load on any other machine', () => {
  expect(() => startClients({ apiUrl: 'http://example.org', perSecond: 1, seed: 1 })).toThrow('wanted 127.0.0.1');
});

test('clients count unanswered requests as failed', async () => {
  const api = await startApi({ databaseUrl: shared.copy.url('app_user'), port: 0 });
  await api.close();
  const clients = startClients({ apiUrl: `http://127.0.0.1:${api.port}`, perSecond: 500, seed: 1 });
  await expect.poll(() => clients.stats().failed, patient).toBeGreaterThan(5);
  await clients.stop();
  expect(clients.stats()).toMatchObject({ answered: 0, failed: clients.stats().sent });
});
