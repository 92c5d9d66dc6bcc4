import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import { type Door, openDoor } from '../../src/api/door.ts';
import { type Limits, limits as usual } from '../../src/api/limits.ts';
import { StrangerStream } from '../../src/api/stranger-stream.ts';
import { millis } from '../../src/core/kernel/units.ts';
import { start } from '../support/builders.ts';

let running: { readonly server: Server; readonly door: Door; readonly sockets: Socket[] } | undefined;
afterEach(async () => {
  if (running === undefined) return;
  const { server, door, sockets } = running;
  for (const socket of sockets) socket.destroy();
  door.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  running = undefined;
});

/** A server that returns what it received, behind a door for which `good` and `good-NAME` are principals' tokens. */
async function behindDoor(more: Partial<Limits> = {}) {
  const asked: string[] = [];
  const turnedAway: string[] = [];
  const unheard: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const isStranger = request.socket instanceof StrangerStream;
    asked.push(`${isStranger ? 'stranger' : 'principal'} ${request.method} ${request.url}`);
    if (isStranger) response.setHeader('connection', 'close');
    let size = 0;
    if (!isStranger) for await (const chunk of request) size += chunk.length;
    response.end(isStranger ? 'who are you?' : `${size} bytes`);
  };
  const server = createServer((request, response) => void answer(request, response));
  const door = openDoor(
    server,
    {
      holderOf: (token) =>
        token.startsWith('good') ? { guards: [token], principal: token, mayReport: false } : undefined,
      now: () => start,
      onTurnedAway: (because) => turnedAway.push(because),
      onUnheard: ({ principal }) => unheard.push(principal),
    },
    { ...usual, hold: millis(20), ...more },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  running = { server, door, sockets };

  /** A client that sends this, and what it receives until the other side ends the connection. */
  const client = (...says: readonly (string | Buffer)[]) => {
    const socket = connect({ port, host: '127.0.0.1' });
    sockets.push(socket);
    let heard = '';
    const ended = Promise.withResolvers<string>();
    socket.on('error', () => undefined);
    socket.on('data', (data) => (heard += data));
    socket.once('end', () => socket.end()).once('close', () => ended.resolve(heard));
    for (const text of says) socket.write(text);
    return {
      socket,
      ended: ended.promise,
      async hears(text: string) {
        await expect.poll(() => heard).toContain(text);
      },
    };
  };
  /** Keeps sending until the other side closes. */
  const endlessly = (head: string, piece: string | Buffer) => {
    const one = client(head);
    const send = () => {
      while (one.socket.writable && one.socket.write(piece));
      if (one.socket.writable) one.socket.once('drain', send);
    };
    send();
    return one;
  };
  return { client, endlessly, asked, turnedAway, unheard };
}

const get = (path: string, token?: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${token === undefined ? '' : `Authorization: Bearer ${token}\r\n`}\r\n`;
const post = (token: string | undefined, length: number) =>
  get('/act', token).replace('GET', 'POST').replace('Host: x', `Host: x\r\nContent-Length: ${length}`);
const chunked = (token?: string) =>
  get('/act', token).replace('GET', 'POST').replace('Host: x', 'Host: x\r\nTransfer-Encoding: chunked');
const chunk = Buffer.from(`8000\r\n${'x'.repeat(0x8000)}\r\n`);
const status = (heard: string) => heard.split('\r\n')[0];

test('a principal is admitted, with a body that comes later and further requests on the same connection', async () => {
  const { client, asked } = await behindDoor();
  const one = client(post('good', 10), '01234');
  await expect.poll(() => asked).toHaveLength(1);
  one.socket.write('56789');
  await one.hears('10 bytes');
  one.socket.write(get('/again', 'good'));
  await one.hears('\r\n\r\n0 bytes');
  expect(asked).toEqual(['principal POST /act', 'principal GET /again']);
});

test('a principal’s head may arrive in pieces, with the body in it', async () => {
  const { client, asked } = await behindDoor();
  const text = `${post('good', 3)}abc`;
  const one = client();
  for (const letter of text) one.socket.write(letter);
  await one.hears('3 bytes');
  expect(asked).toEqual(['principal POST /act']);
});

test.each([
  { what: 'a question', says: [get('/healthz')], asked: ['stranger GET /healthz'] },
  { what: 'a wrong token', says: [get('/run', 'bad')], asked: ['stranger GET /run'] },
  { what: 'a short body', says: [post(undefined, 5), '12345'], asked: ['stranger POST /act'] },
  { what: 'a thousand questions at once', says: [get('/healthz').repeat(1_000)], asked: ['stranger GET /healthz'] },
  {
    what: 'a second question that is a principal’s',
    says: [get('/healthz'), get('/run', 'good')],
    asked: ['stranger GET /healthz'],
  },
])('a stranger who sends $what gets one answer, and the connection ends', async ({ says, asked: wanted }) => {
  const { client, asked } = await behindDoor();
  const heard = await client(...says).ended;
  expect(status(heard)).toBe('HTTP/1.1 200 OK');
  expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(asked).toEqual(wanted);
});

test.each([
  { what: 'a body without end', head: chunked(), piece: chunk, asked: 1 },
  { what: 'a body without end and a wrong token', head: chunked('bad'), piece: chunk, asked: 1 },
  { what: 'a body that says it is endless', head: post(undefined, Number.MAX_SAFE_INTEGER), piece: chunk, asked: 1 },
  { what: 'a head without end', head: 'GET / HTTP/1.1\r\n', piece: `X-${'a'.repeat(900)}: b\r\n`, asked: 0 },
  { what: 'no HTTP at all', head: '\0', piece: Buffer.alloc(5_000), asked: 0 },
])('a stranger who sends $what is disconnected', async ({ head, piece, asked: wanted }) => {
  const { endlessly, asked, turnedAway } = await behindDoor();
  await endlessly(head, piece).ended;
  expect(asked).toHaveLength(wanted);
  expect(turnedAway).toEqual(['too-long']);
});

test.each([
  { what: 'nothing', says: '' },
  { what: 'half a head', says: 'GET / HTTP/1.1\r\nHost: x\r\n' },
])('a stranger who sends $what does not stay', async ({ says }) => {
  const { client, asked, turnedAway } = await behindDoor({ strangersStay: millis(30) });
  await client(says).ended;
  expect([asked, turnedAway]).toEqual([[], ['slow']]);
});

test('a stranger who stays after the answer is disconnected', async () => {
  const { client, turnedAway } = await behindDoor({ strangersStay: millis(60) });
  const { socket, hears } = client(get('/healthz'));
  socket.removeAllListeners('end'); // keeps the connection open
  socket.allowHalfOpen = true;
  await hears('who are you?');
  await expect.poll(() => turnedAway).toEqual(['slow']);
});

test('one stranger too many replaces the oldest, and principals still get in', async () => {
  const { client, asked, turnedAway } = await behindDoor({ strangers: { inAll: 8, perAddress: 4 } });
  const before = client(get('/before', 'good'));
  await before.hears('0 bytes');
  const idle = Array.from({ length: 4 }, () => client('GET'));
  await Promise.all(
    idle.map(
      ({ socket }) => new Promise((resolve) => (socket.connecting ? socket.once('connect', resolve) : resolve(0))),
    ),
  );
  const flood = Array.from({ length: 20 }, () => client('GET'));
  await Promise.all([...idle, ...flood.slice(0, 16)].map(({ ended }) => ended));
  expect(turnedAway).toEqual(Array.from({ length: 20 }, () => 'crowded'));
  await client(get('/during', 'good')).hears('0 bytes');
  before.socket.write(get('/still', 'good'));
  await expect.poll(() => asked).toEqual(['principal GET /before', 'principal GET /during', 'principal GET /still']);
});

test('a rejected connection is held for a while, up to a limit; any more are ended immediately', async () => {
  const { client, turnedAway } = await behindDoor({
    strangers: { inAll: 1, perAddress: 1 },
    hold: millis(3_600_000),
    held: 2,
  });
  const open = () => new Promise((resolve) => running?.server.getConnections((_, count) => resolve(count)));
  for (let count = 1; count <= 5; count += 1) {
    client('GET');
    await expect.poll(open).toBe(Math.min(count, 3)); // one that is read, and two that are held
    await expect.poll(() => turnedAway).toHaveLength(count - 1);
  }
  await client(get('/', 'good')).hears('0 bytes');
});

test('each principal has a limit of their own, and one too many is told so', async () => {
  const { client, turnedAway, unheard } = await behindDoor({ principals: { inAll: 8, perPrincipal: 2 } });
  const [one, two] = [client(get('/', 'good')), client(get('/', 'good'))];
  await Promise.all([one.hears('0 bytes'), two.hears('0 bytes')]);
  const heard = await client(get('/', 'good')).ended;
  expect(status(heard)).toBe('HTTP/1.1 503 Unavailable');
  expect(heard).toContain('"because":"too-many-connections"');
  expect([turnedAway, unheard]).toEqual([['principals-crowded'], ['good']]);
  await client(get('/', 'good-other')).hears('0 bytes');
  one.socket.destroy();
  await expect
    .poll(async () => status(await client(get('/', 'good').replace('Host', 'Connection: close\r\nHost')).ended))
    .toBe('HTTP/1.1 200 OK');
});

test('if all principals together have too many connections, whoever has the most loses the oldest', async () => {
  const { client, turnedAway, unheard } = await behindDoor({ principals: { inAll: 3, perPrincipal: 3 } });
  const many = Array.from({ length: 3 }, (_, place) => client(get(`/${place}`, 'good-greedy')));
  await Promise.all(many.map((one) => one.hears('0 bytes')));
  const other = client(get('/', 'good-other'));
  await other.hears('0 bytes');
  await many[0]?.ended;
  expect([turnedAway, unheard]).toEqual([['principals-crowded'], ['good-greedy']]);
  other.socket.write(get('/again', 'good-other').replace('Host', 'Connection: close\r\nHost'));
  expect((await other.ended).match(/200 OK/g)).toHaveLength(2);
});

test('strangers who ask too often are told so before their request is read; principals are not counted', async () => {
  const pace = { burst: 3, each: millis(1_000) };
  const { client, asked, turnedAway } = await behindDoor({ strangersRequests: { perAddress: pace, inAll: pace } });
  const statuses: (string | undefined)[] = [];
  for (let count = 0; count < 5; count += 1) statuses.push(status(await client(get('/metrics')).ended));
  const [ok, no] = ['HTTP/1.1 200 OK', 'HTTP/1.1 429 Too many requests'];
  expect(statuses).toEqual([ok, ok, ok, no, no]);
  for (let count = 0; count < 5; count += 1) await client(get('/metrics', 'good')).hears('0 bytes');
  expect(asked.filter((one) => one.startsWith('stranger'))).toHaveLength(3);
  expect(turnedAway).toEqual(['too-often', 'too-often']);
});

test('closing ends every connection that is still at the door', async () => {
  const { client } = await behindDoor();
  const { ended } = client('GET');
  const open = () => new Promise((resolve) => running?.server.getConnections((_, count) => resolve(count)));
  await expect.poll(open).toBe(1);
  running?.door.close();
  await ended;
});
