import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { text } from 'node:stream/consumers';

import { expect, test } from 'vitest';

import type { Parts, Reading } from '../../src/core/evidence/reading.ts';
import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { type HttpQuestion, httpProbe } from '../../src/probes/http-probe.ts';
import { httpServer } from './http-server.ts';

const at = instant(1_800_000_000_000);
const about = { probe: probeId('search'), at };
const never = new AbortController().signal;

/** Its thread accepts nothing, and connections fill its whole backlog, so that the system drops any further one. */
async function fullServer() {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen(0, '127.0.0.1', 1, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const worker = new Worker(code, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const waiting: Socket[] = [];
  for (let place = 0; place <= 1; place += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    waiting.push(socket);
    await once(socket, 'connect');
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      await worker.terminate();
    },
  };
}

function probe(question: Partial<HttpQuestion> & { url: string }, timeout = 2_000) {
  const whole: HttpQuestion = { method: 'GET', headers: {}, expect: { status: 200 }, ...question };
  return httpProbe({ id: 'search', every: seconds(1), timeout: millis(timeout) }, whole);
}
const length = expect.any(Number);
const answered = {
  state: 'answered',
  own: { busy: expect.any(Number), waiting: expect.any(Number) },
  ...about,
  took: length,
  parts: { connect: length, first_byte: length, body: length },
};
const total = (parts: Parts | undefined): number => Object.values(parts ?? {}).reduce((sum, part) => sum + part, 0);
const failed = (reason: string, code?: string): object => ({
  state: 'failed',
  ...about,
  cause: { reason, message: expect.stringMatching(/./), ...(code !== undefined && { code }) },
});

test.each<{
  when: string;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  expect?: HttpQuestion['expect'];
  timeout?: number;
  reading: object;
}>([
  { when: 'the status is right', answer: (_, response) => response.end('ok'), reading: answered },
  {
    when: 'the status is wrong',
    answer: (_, response) => response.writeHead(503).end('sorry'),
    reading: failed('status', '503'),
  },
  {
    when: 'another status is wanted',
    answer: (_, response) => response.writeHead(503).end('under maintenance'),
    expect: { status: 503 },
    reading: answered,
  },
  {
    when: 'it redirects',
    answer: (_, response) => response.writeHead(302, { location: '/login' }).end(),
    reading: failed('status', '302'),
  },
  {
    when: 'the body contains the text, split across chunks',
    answer(_, response) {
      response.write('caff');
      setImmediate(() => response.end('eine'));
    },
    expect: { status: 200, contains: 'caffeine' },
    reading: answered,
  },
  {
    when: 'the body lacks the text',
    answer: (_, response) => response.end('[]'),
    expect: { status: 200, contains: 'caffeine' },
    reading: failed('assertion'),
  },
  {
    when: 'the text comes after the first megabyte',
    answer: (_, response) => response.end(`${' '.repeat(1_048_576)}caffeine`),
    expect: { status: 200, contains: 'caffeine' },
    reading: failed('assertion'),
  },
  {
    when: 'the body matches the pattern',
    answer: (_, response) => response.end('{"rows": 120}'),
    expect: { status: 200, matches: '"rows":\\s*[1-9]' },
    reading: answered,
  },
  {
    when: 'the body does not match the pattern',
    answer: (_, response) => response.end('{"rows": 0}'),
    expect: { status: 200, matches: '"rows":\\s*[1-9]' },
    reading: failed('assertion'),
  },
  {
    when: 'the match comes after the first 64 KB',
    answer: (_, response) => response.end(`${' '.repeat(65_536)}caffeine`),
    expect: { status: 200, matches: 'caff' },
    reading: failed('assertion'),
  },
  {
    when: 'the pattern would take practically forever on the body',
    answer: (_, response) => response.end(`${'a'.repeat(60)}!`),
    expect: { status: 200, matches: '^(a+)+$' },
    reading: { state: 'missing', ...about, because: expect.stringContaining('takes too long') },
  },
  {
    when: 'the JSON has the wanted values at the pointers',
    answer: (_, response) => response.end('{"status":"ok","data":[{"id":7,"gone":null}]}'),
    expect: { status: 200, json: { '/status': 'ok', '/data/0/id': 7, '/data/0/gone': null } },
    reading: answered,
  },
  {
    when: 'a number is wanted and the JSON has a string',
    answer: (_, response) => response.end('{"id":"7"}'),
    expect: { status: 200, json: { '/id': 7 } },
    reading: failed('assertion'),
  },
  {
    when: 'the JSON pointer does not exist',
    answer: (_, response) => response.end('{}'),
    expect: { status: 200, json: { '/id': null } },
    reading: failed('assertion'),
  },
  {
    when: 'the body is not JSON',
    answer: (_, response) => response.end('<html>'),
    expect: { status: 200, json: { '/id': 7 } },
    reading: failed('assertion'),
  },
  {
    when: 'the JSON is longer than a megabyte',
    answer: (_, response) => response.end(`{"id":7,"more":"${'x'.repeat(1_048_576)}"}`),
    expect: { status: 200, json: { '/id': 7 } },
    reading: failed('assertion'),
  },
  {
    when: 'one of several expectations is not met',
    answer: (_, response) => response.end('{"status":"ok"}'),
    expect: { status: 200, contains: 'ok', matches: '"ok"', json: { '/status': 'well' } },
    reading: failed('assertion'),
  },
  {
    when: 'the connection closes before the answer',
    answer: (request) => request.socket.destroy(),
    reading: failed('query', 'ECONNRESET'),
  },
  {
    when: 'the connection closes within the body',
    answer(_, response) {
      response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy());
    },
    reading: failed('query', 'ECONNRESET'),
  },
  { when: 'no headers come', answer: () => undefined, timeout: 300, reading: failed('timeout') },
  {
    when: 'the body never ends',
    answer: (_, response) => response.writeHead(200).write('and then'),
    timeout: 300,
    reading: failed('timeout'),
  },
])('when $when', async ({ answer, expect: wanted = { status: 200 }, timeout, reading }) => {
  await using server = await httpServer(answer);
  expect(await probe({ url: server.url, expect: wanted }, timeout).ask(at, never)).toEqual(reading);
});

test('the measured time includes the last byte of the body', async () => {
  await using server = await httpServer((_, response) => {
    response.write('a');
    setTimeout(() => response.end('b'), 100);
  });
  const reading = await probe({ url: server.url }).ask(at, never);
  expect(reading).toEqual(answered);
  const { took, parts } = reading as Extract<Reading, { state: 'answered' }>;
  expect(took).toBeGreaterThan(95);
  expect(parts?.body).toBeGreaterThan(90);
  expect(total(parts)).toBeCloseTo(took, 5);
});

test('the name lookup is measured as a separate part', async () => {
  await using server = await httpServer((_, response) => response.end('ok'));
  const url = new URL(server.url);
  url.hostname = 'localhost';
  const reading = await probe({ url: url.href }).ask(at, never);
  expect(reading).toEqual({ ...answered, parts: { name: length, ...answered.parts } });
  const { took, parts } = reading as Extract<Reading, { state: 'answered' }>;
  expect(total(parts)).toBeCloseTo(took, 5);
});

test('each reading opens its own connection', async () => {
  await using server = await httpServer((_, response) => response.end());
  const { ask } = probe({ url: server.url });
  for (let count = 0; count < 3; count += 1) await ask(at, never);
  expect(server.connections()).toBe(3);
});

test('the method, headers, body and credentials are sent as in the plan', async () => {
  const seen = Promise.withResolvers<object>();
  await using server = await httpServer((request, response) => {
    const { method, url: path, headers } = request;
    const whole = text(request).then((body) => ({ method, path, headers, body }));
    seen.resolve(whole.finally(() => response.end()));
  });
  const url = new URL('search?q=a%20b', server.url);
  url.username = 'probe';
  url.password = 'p w';
  const headers = { 'Content-Type': 'application/json', Connection: 'keep-alive' };
  await probe({ url: url.href, method: 'POST', headers, body: '{"q":"é"}' }).ask(at, never);
  expect(await seen.promise).toEqual({
    method: 'POST',
    path: '/search?q=a%20b',
    body: '{"q":"é"}',
    headers: {
      host: url.host,
      'user-agent': 'ripcord',
      'content-type': 'application/json',
      'content-length': '10',
      connection: 'close',
      authorization: `Basic ${Buffer.from('probe:p w').toString('base64')}`,
    },
  });
});

test.each([
  { when: 'nobody listens', url: 'http://127.0.0.1:1/', code: 'ECONNREFUSED' },
  { when: 'a name has two addresses and nobody listens', url: 'http://localhost:1/', code: 'ECONNREFUSED' },
])('the reading fails with reason `connect` when $when', async ({ url, code }) => {
  expect(await probe({ url }).ask(at, never)).toEqual(failed('connect', code));
});

test('a server that accepts no connection in time fails the reading with reason `connect`', async () => {
  await using full = await fullServer();
  const reading = await probe({ url: `http://127.0.0.1:${full.port}/` }, 100).ask(at, never);
  const message = 'no connection within 100 ms';
  expect(reading).toMatchObject({ state: 'failed', cause: { reason: 'connect', code: 'ETIMEDOUT', message } });
});

test('a server that does not finish the TLS handshake in time fails the reading with reason `connect`', async () => {
  const accepted = new Set<Socket>();
  const server = createServer((socket) => accepted.add(socket.resume()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reading = await probe({ url: `https://127.0.0.1:${port}/` }, 100).ask(at, never);
  for (const socket of accepted) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  const message = 'no TLS handshake within 100 ms';
  expect(reading).toMatchObject({ state: 'failed', cause: { reason: 'connect', code: 'ETIMEDOUT', message } });
});

test('a plaintext answer to a TLS request fails with reason `connect`', async () => {
  await using server = await httpServer((_, response) => response.end());
  const reading = await probe({ url: server.url.replace('http:', 'https:') }).ask(at, never);
  expect(reading).toMatchObject({ state: 'failed', cause: { reason: 'connect' } });
});

test('an answer that is not HTTP fails with reason `query`', async () => {
  const server = createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reading = await probe({ url: `http://127.0.0.1:${port}/` }).ask(at, never);
  expect(reading).toMatchObject({ state: 'failed', cause: { reason: 'query', code: expect.stringMatching(/^HPE_/) } });
  await new Promise((resolve) => server.close(resolve));
});

test('a header that cannot be sent is a failure, not a crash', async () => {
  const reading = await probe({ url: 'http://127.0.0.1:1/', headers: { 'x-a': 'b\nc' } }).ask(at, never);
  expect(reading).toEqual(failed('query', 'ERR_INVALID_CHAR'));
});

test.each(['under way', 'before it starts'])('a reading aborted %s is missing', async (when) => {
  const stop = new AbortController();
  if (when === 'before it starts') stop.abort();
  await using server = await httpServer(() => stop.abort());
  expect(await probe({ url: server.url }).ask(at, stop.signal)).toEqual({ state: 'missing', ...about });
});
