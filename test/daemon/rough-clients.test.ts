import { connect, type Socket } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Daemon, serve } from '../../src/daemon/serve.ts';
import { type Miniature, miniature } from '../crash/miniature.ts';

let mini: Miniature;
let daemon: Daemon;

beforeAll(async () => {
  mini = await miniature();
  const listen = { host: '127.0.0.1', port: 0 };
  daemon = await serve({ plans: [{ file: mini.planFile }], journal: mini.journal, listen, logLevel: 'silent' });
  await post('/api/v1/runs', 'application/json', '{}');
});
afterAll(async () => {
  await daemon.close();
  await mini[Symbol.asyncDispose]();
});

const post = (path: string, type: string | undefined, body: string) =>
  fetch(`${daemon.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${mini.token}`, ...(type !== undefined && { 'content-type': type }) },
    body: new TextEncoder().encode(body), // as bytes, because fetch adds a content type to a text
  });

test.each([
  { type: 'application/x-www-form-urlencoded', by: 'curl -d' },
  { type: 'text/plain', by: 'fetch' },
  { type: undefined, by: 'a socket' },
])('a body that $by calls $type is refused, not treated as empty', async ({ type }) => {
  const answer = await post('/api/v1/runs/current/resume', type, '{"for": "5m"}');
  expect(answer.status).toBe(400);
  expect(await answer.text()).toMatch(/content-type: application\/json/);
});

test('a path that cannot be decoded is reported as a path error, not as a body error', async () => {
  const headers = { authorization: `Bearer ${mini.token}` };
  const answer = await fetch(`${daemon.url}/api/v1/runs/%`, { headers });
  expect(answer.status).toBe(400);
  expect(await answer.text()).not.toMatch(/body/);
});

const toDaemon = () => connect({ port: Number(new URL(daemon.url).port), host: '127.0.0.1' });

/** The status line of the answer to a client that requests the stream of events, or only its head. */
function streaming(socket: Socket, method = 'GET'): Promise<string> {
  socket.write(
    `${method} /api/v1/runs/current/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${mini.token}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  return new Promise((resolve) => socket.once('data', (data) => resolve(String(data).split('\r\n')[0] ?? '')));
}

test('at most twenty streams are open at once; an ended stream frees its place, and a HEAD request takes none', async () => {
  const heads = Array.from({ length: 20 }, toDaemon);
  const sockets = Array.from({ length: 20 }, toDaemon);
  try {
    const looks = await Promise.all(heads.map((socket) => streaming(socket, 'HEAD')));
    const lines = await Promise.all(sockets.map((socket) => streaming(socket)));
    expect(new Set([...looks, ...lines])).toEqual(new Set(['HTTP/1.1 200 OK']));
    const ask = async () => {
      const headers = { authorization: `Bearer ${mini.token}`, accept: 'text/event-stream' };
      const over = new AbortController();
      const { status } = await fetch(`${daemon.url}/api/v1/runs/current/events`, { headers, signal: over.signal });
      over.abort();
      return status;
    };
    expect(await ask()).toBe(503);
    sockets[0]?.destroy();
    await expect.poll(ask).toBe(200);
  } finally {
    for (const socket of [...heads, ...sockets]) socket.destroy();
  }
});

/** Sends an endless body, on a new connection whenever one is ended, until it is told to stop. */
function flood(): () => void {
  const chunk = Buffer.from(`8000\r\n${'x'.repeat(0x8000)}\r\n`);
  let [stopped, socket] = [false, toDaemon()];
  const begin = () => {
    socket
      .on('error', () => undefined)
      .once('close', () => {
        if (stopped) return;
        socket = toDaemon();
        begin();
      });
    socket.write('POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const send = () => {
      while (socket.writable && socket.write(chunk));
      if (socket.writable) socket.once('drain', send);
    };
    send();
  };
  begin();
  return () => {
    stopped = true;
    socket.destroy();
  };
}

test('while strangers send endless bodies, principals get answers, and the rejections are counted', async () => {
  const floods = Array.from({ length: 8 }, flood);
  try {
    const headers = { authorization: `Bearer ${mini.token}` };
    for (let count = 0; count < 20; count += 1) {
      const answer = await fetch(`${daemon.url}/api/v1/runs/current`, { headers: { ...headers, connection: 'close' } });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
  } finally {
    for (const stop of floods) stop();
  }
  const page = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(page).toMatch(/ripcord_api_rejections_total\{reason="too-long"\} [1-9]/);
});
