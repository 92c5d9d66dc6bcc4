// A client without a token, in a separate process. Arguments: KIND URL COUNT. Keeps COUNT connections open until it is ended.
import { connect, type Socket } from 'node:net';

const [kind = '', url = '', count = '8'] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** Sends the same piece repeatedly, as fast as the other side accepts it. */
function endlessly(socket: Socket, piece: string | Buffer): void {
  while (socket.writable && socket.write(piece));
  if (socket.writable) socket.once('drain', () => endlessly(socket, piece));
}

const kinds: Readonly<Record<string, (socket: Socket) => void>> = {
  bodies(socket) {
    socket.write(
      'POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    endlessly(socket, chunk);
  },
  heads(socket) {
    socket.write('GET / HTTP/1.1\r\n');
    endlessly(socket, `X-Long: ${'x'.repeat(4_000)}\r\n`);
  },
  pipelined: (socket) => endlessly(socket, get('/healthz').repeat(1_000)),
  metrics: (socket) => void socket.write(get('/metrics')),
  tokens: (socket) =>
    void socket.write(get('/api/v1/runs/current').replace('Host: x', 'Host: x\r\nAuthorization: Bearer rip_wrong')),
  connections: () => undefined,
};
const attack = kinds[kind];
if (attack === undefined) throw new Error(`no such flood: ${kind}`);

/** When a connection is ended or answered, opens the next one immediately. */
function again(): void {
  const socket = connect({ host, port: Number(port), noDelay: true });
  socket.on('error', () => undefined).once('close', () => setImmediate(again));
  socket.on('data', () => undefined).once('end', () => socket.destroy());
  socket.once('connect', () => attack?.(socket));
}
for (let started = 0; started < Number(count); started += 1) again();
console.log('flooding');
