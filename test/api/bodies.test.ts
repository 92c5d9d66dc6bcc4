import { connect, type Socket } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import type { Guard } from '../../src/api/guard.ts';
import { limits } from '../../src/api/limits.ts';
import { type Api, startApi } from '../../src/api/server.ts';
import { rightsOf } from '../../src/core/authority/roles.ts';
import { principalId, runId } from '../../src/core/kernel/ids.ts';
import { aPlan, start } from '../support/builders.ts';
import { fleetOf } from '../support/fleet-of.ts';

const plan = aPlan({ roles: { all: { rights: ['view', 'hold', 'operate'] }, none: { rights: [] } } });
const reasons: string[] = [];
let revoked = false;
let asked = 0;
const guard = {
  name: { plan: plan.name, target: 'staging' },
  rightsOf: (role: string) => rightsOf(plan, role),
  now: () => start,
  principalOf: (token: string) => {
    asked += 1;
    return !revoked && (token === 'all' || token === 'none')
      ? { principal: { id: principalId(token), role: token } }
      : { fault: 'unknown' };
  },
  current: () => ({ run: runId('run-1') }),
  view: async () => ({}),
  runs: async () => [],
  submit: async (_run: string, input: { readonly reason?: string }) => {
    reasons.push(input.reason ?? '');
    return { events: [] };
  },
} as unknown as Guard;

let api: Api;
const turnedAway: string[] = [];
beforeAll(async () => {
  const nothing = () => undefined;
  const onTurnedAway = (because: string) => void turnedAway.push(because);
  api = await startApi({
    fleet: fleetOf([guard]),
    listen: { host: '127.0.0.1', port: 0 },
    onError: nothing,
    onNobody: nothing,
    onTurnedAway,
  });
});
afterAll(() => api[Symbol.asyncDispose]());
const sockets: Socket[] = [];
beforeEach(() => {
  reasons.length = turnedAway.length = asked = 0;
  revoked = false;
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Sends the head, then pieces until the other side ends the connection. Returns the answer. */
function endlessly(request: string, token: string | undefined, framing: string, piece: string): Promise<string> {
  const socket = connect({ port: Number(new URL(api.url).port), host: '127.0.0.1' });
  sockets.push(socket);
  const { promise, resolve } = Promise.withResolvers<string>();
  let heard = '';
  socket.on('error', () => undefined).on('data', (data) => (heard += data));
  socket.once('end', () => socket.end()).once('close', () => resolve(heard));
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  socket.write(
    `${request} HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\n${framing}\r\n\r\n`,
  );
  const send = () => {
    while (socket.writable && socket.write(piece));
    if (socket.writable) socket.once('drain', send);
  };
  send();
  return promise;
}
const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
const act = 'POST /api/v1/runs/current/hold';

test.each([
  { who: 'nobody', token: undefined },
  { who: 'a stranger with a token of their own', token: 'bad' },
  { who: 'a principal without the right', token: 'none' },
  { who: 'a principal', token: 'all' },
])('an endless body ends the connection of $who without any effect', async ({ token }) => {
  const request = endlessly(act, token, 'Transfer-Encoding: chunked', chunk);
  await request;
  expect(reasons).toEqual([]);
  expect(turnedAway).toEqual(token === undefined || token === 'bad' ? ['too-long'] : []);
});

test.each([
  { request: 'GET /api/v1/runs', framing: 'Transfer-Encoding: chunked' },
  { request: 'GET /api/v1/runs', framing: 'Content-Length: 9007199254740991' },
  { request: 'POST /nowhere', framing: 'Transfer-Encoding: chunked' },
  { request: 'PUT /api/v1/runs', framing: 'Transfer-Encoding: chunked' },
])('$request with an endless body is not read after the answer', async ({ request, framing }) => {
  await endlessly(request, 'all', framing, chunk);
  expect(turnedAway).toEqual([]);
});

const post = (token: string | undefined, body: object) =>
  fetch(`${api.url}/api/v1/runs/current/hold`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });

test('an unauthorised caller can read the reason even after sending a body', async () => {
  for (const token of [undefined, 'bad']) {
    const answer = await post(token, { reason: 'x'.repeat(30_000) });
    expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'close']);
    expect(await answer.json()).toMatchObject({ because: 'unknown-token' });
  }
  expect((await post('none', { reason: 'because' })).status).toBe(403);
  expect(reasons).toEqual([]);
});

test('a principal’s body is read up to the limit', async () => {
  expect((await post('all', { reason: 'because' })).status).toBe(200);
  expect(reasons).toEqual(['because']);
  const tooLong = await post('all', { reason: 'because', more: 'x'.repeat(limits.body) });
  expect(tooLong.status).toBe(400);
  expect(await tooLong.text()).toContain('at most 64 kB');
});

test('a token that is revoked while the body arrives no longer counts', async () => {
  let finish: () => void = () => undefined;
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"reason": '));
      finish = () => {
        controller.enqueue(new TextEncoder().encode('"late"}'));
        controller.close();
      };
    },
  });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer all' };
  const answer = fetch(`${api.url}/api/v1/runs/current/hold`, { method: 'POST', headers, body, duplex: 'half' });
  await expect.poll(() => asked).toBeGreaterThan(1); // at the door, and where the request is handled
  revoked = true;
  finish();
  expect((await answer).status).toBe(401);
  expect(reasons).toEqual([]);
});

test.each([
  { what: 'no JSON', body: '{"reason": ', headers: {}, says: /cannot be read: .*JSON/ },
  { what: 'no UTF-8', body: Buffer.from([0x22, 0xff, 0x22]), headers: {}, says: /cannot be read/ },
  { what: 'compressed', body: '{}', headers: { 'content-encoding': 'gzip' }, says: /its encoding is gzip/ },
  { what: 'no object', body: '[]', headers: {}, says: /expected object/ },
])('a body that is $what is refused', async ({ body, headers, says }) => {
  const answer = await fetch(`${api.url}/api/v1/runs/current/hold`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer all', ...headers },
    body,
  });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(says)]);
  expect(reasons).toEqual([]);
});
