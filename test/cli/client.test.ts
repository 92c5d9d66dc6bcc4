import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { connect } from '../../src/cli/client.ts';
import { DaemonUnreachable } from '../../src/cli/errors.ts';
import { millis } from '../../src/core/kernel/units.ts';
import { folder } from './folder.ts';
import { ripcord } from './ripcord.ts';
import { stub } from './stub.ts';
import { working } from './views.ts';

const status = ['run', 'status'];

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a missing daemon exits with 3, and the message says how to start one', async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  const said = await ripcord([...status, '--json', '--url', url], { RIPCORD_TOKEN: 'rip_test' });
  const found = `no Ripcord daemon answers at ${url} (ECONNREFUSED)`;
  const todo = 'Start it: ripcord serve; or give its address: --url or RIPCORD_URL';
  expect(said.exitCode).toBe(3);
  expect(said.err).toBe(`ripcord: ${found}; wanted a running daemon. ${todo}.`);
  expect(JSON.parse(said.out)).toEqual({ error: { found, wanted: 'a running daemon', todo } });
});

test('a daemon that does not answer in time counts as missing', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const client = connect({ url }, { RIPCORD_TOKEN: 'rip_test' });
  const sockets: { destroy(): void }[] = [];
  silent.on('connection', (socket) => sockets.push(socket));
  const error: unknown = await client.post('runs', {}, millis(50)).catch((reason: unknown) => reason);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
  expect(error).toBeInstanceOf(DaemonUnreachable);
  expect(error).toMatchObject({ url, message: expect.stringContaining('(no answer in 50 ms)') });
});

test.each([
  { answers: 'a page', with: { type: 'text/html', body: '<h1>Hello</h1>' }, found: 'something other than JSON' },
  {
    answers: 'an error of a proxy',
    with: { status: 502, type: 'text/html', body: 'Bad gateway' },
    found: 'status 502 and no problem document',
  },
  {
    answers: 'a redirect, after which the token would go elsewhere',
    with: { status: 302, body: {} },
    found: 'status 302 and no problem document',
  },
])('a server that answers with $answers is no daemon: code 3', async ({ with: answer, found }) => {
  await using other = await stub({ 'GET /api/v1/runs/current': answer });
  const said = await ripcord(status, other.env);
  expect(said.exitCode).toBe(3);
  expect(said.err).toContain(found);
});

test.each([
  { what: 'no token', env: {}, says: 'no token in RIPCORD_TOKEN' },
  { what: 'an empty token', env: { RIPCORD_TOKEN: ' \n' }, says: 'no token in RIPCORD_TOKEN' },
  {
    what: 'a token of two lines',
    env: { RIPCORD_TOKEN: 'rip_a\nrip_b' },
    says: 'RIPCORD_TOKEN does not hold a token',
  },
  { what: 'no address', env: { RIPCORD_TOKEN: 'rip_a', RIPCORD_URL: 'localhost' }, says: 'the address "localhost"' },
  {
    what: 'a password in the address',
    env: { RIPCORD_TOKEN: 'rip_a', RIPCORD_URL: 'http://a:geheim@localhost' },
    says: 'an address with a user name',
  },
])('$what is a usage error, and no secret is shown', async ({ env, says }) => {
  const { exitCode, err } = await ripcord(status, env);
  expect(exitCode).toBe(2);
  expect(err).toContain(says);
  expect(err).not.toMatch(/rip_[ab]|geheim/);
});

test('a token file takes precedence over the environment', async () => {
  await using files = await folder();
  const tokenFile = join(files.path, 'token');
  await writeFile(tokenFile, 'rip_of_file\n');
  await using daemon = await stub({ 'GET /api/v1/runs/current': { body: working } });
  await ripcord([...status, '--token-file', tokenFile], daemon.env);
  expect(daemon.heard[0]?.authorization).toBe('Bearer rip_of_file');
  const absent = await ripcord([...status, '--token-file', join(files.path, 'absent')], daemon.env);
  expect(absent).toMatchObject({ exitCode: 2, err: expect.stringContaining('absent cannot be read') });
});

test('--url takes precedence over RIPCORD_URL, and may have a path', async () => {
  await using daemon = await stub({ 'GET /guard/api/v1/runs/current': { body: working } });
  const env = { ...daemon.env, RIPCORD_URL: 'http://127.0.0.1:1' };
  expect(await ripcord([...status, '--url', `${daemon.url}/guard`], env)).toMatchObject({ exitCode: 0 });
});
