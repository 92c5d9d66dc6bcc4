import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { RunView } from '../../src/core/run/view.ts';
import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';
import { readFirst } from '../support/read-first.ts';

interface Door extends AsyncDisposable {
  /** The same url, by way of the door. */
  readonly url: string;
  /** New connections wait from now on. Resolves when one does. */
  shut(): Promise<void>;
  open(): void;
}

async function doorTo(url: string): Promise<Door> {
  const way = new URL(url);
  const origin = { port: Number(way.port), host: way.hostname };
  let opened = Promise.withResolvers<void>();
  let came = Promise.withResolvers<void>();
  opened.resolve();
  const server = createServer({ pauseOnConnect: true }, (near) => {
    near.on('error', () => undefined);
    came.resolve();
    void opened.promise.then(() => near.pipe(connect(origin).on('error', () => near.destroy())).pipe(near));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  way.port = String((server.address() as AddressInfo).port);
  return {
    url: way.href,
    shut() {
      [opened, came] = [Promise.withResolvers(), Promise.withResolvers()];
      return came.promise;
    },
    open: () => opened.resolve(),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

let mini: Miniature;
let door: Door;
let daemon: Daemon;
beforeEach(async () => {
  mini = await miniature();
  door = await doorTo(mini.db.url);
  const plan = await readFile(mini.planFile, 'utf8');
  await writeFile(mini.planFile, plan.replace('target: {', `target: { rollback_url: '${door.url}',`));
  const listen = { host: '127.0.0.1', port: 0 };
  daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
});
afterEach(async () => {
  await daemon.close();
  await door[Symbol.asyncDispose]();
  await mini[Symbol.asyncDispose]();
});

const headers = () => ({ authorization: `Bearer ${mini.token}`, 'content-type': 'application/json' });
const view = async () =>
  (await (await fetch(`${daemon.url}/api/v1/runs/current`, { headers: headers() })).json()) as RunView;
const post = async (path: string, body: object = {}) => {
  const read = await readFirst(path, body, view);
  return fetch(`${daemon.url}/api/v1/runs${path}`, { method: 'POST', headers: headers(), body: JSON.stringify(read) });
};
const patience = { timeout: 20_000 };

beforeEach(async () => {
  await post('');
  await post('/current/baseline');
  await expect.poll(async () => (await view()).baseline, patience).toBeDefined();
  for (const requirement of (await view()).requirements)
    await post('/current/waive', { requirement, reason: 'a test' });
  await expect.poll(async () => (await post('/current/arm')).status, patience).toBe(200);
}, 60_000);

test('a person who disarms while the guard checks whether it may arm takes precedence', async () => {
  await post('/current/disarm', { reason: 'not yet' });

  const looking = door.shut();
  const arming = post('/current/arm');
  await looking;
  expect((await post('/current/disarm', { reason: 'stop it' })).status).toBe(200);
  door.open();
  expect(await (await arming).json()).toMatchObject({ status: 409, because: 'disarmed' });
  expect((await view()).mode).toBe('recommend');
  expect((await post('/current/arm')).status).toBe(200);
}, 60_000);

test('revoking a token disarms the run, even while the guard still checks its owner’s request to arm', async () => {
  const looking = door.shut();
  const arming = post('/current/arm');
  await looking;
  const revoked = await fetch(`${daemon.url}/api/v1/principals/dana/revoke`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ reason: 'stolen' }),
  });
  expect(revoked.status).toBe(200);
  door.open();
  expect(await (await arming).json()).toMatchObject({ status: 401, because: 'unknown-token' });
  await using journal = await openJournalReader(mini.journal);
  const [run] = await journal.runs();
  const events = run === undefined ? [] : await journal.read(run.run);
  const types = events.map(({ event }) => event.type).filter((type) => /arm/.test(type));
  expect(types).toEqual(['run-armed', 'arming-expired']);
}, 60_000);

test('an arming meant for a run that is closed meanwhile does not arm the next run', async () => {
  const looking = door.shut();
  const arming = post('/current/arm');
  await looking;
  const { run } = await view();
  expect((await post('/current/close', { reason: 'not tonight' })).status).toBe(200);
  expect((await post('')).status).toBe(201);
  door.open();
  expect(await (await arming).json()).toMatchObject({ status: 409, because: 'closed', found: `run ${run} is closed` });
}, 60_000);
