import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';

export interface ClientOptions {
  /** Such as `http://127.0.0.1:3000`; no other host is accepted. */
  readonly apiUrl: string;
  readonly perSecond: number;
  /** The same seed sends the same requests in the same order. */
  readonly seed: number;
}

export interface ClientStats {
  /** Requests sent. */
  readonly sent: number;
  /** Requests answered with a status below 400. */
  readonly answered: number;
  /** Requests answered with another status, too late or not at all. */
  readonly failed: number;
  /** Requests that were due but not sent, because too many were waiting. */
  readonly skipped: number;
  /** Milliseconds from when a request was due to the end of its answer, over the last 1,000; undefined before the first. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
}

export interface Clients {
  /** Stops sending and waits for current requests. */
  stop(): Promise<void>;
  stats(): ClientStats;
}

const atOnce = 64;
const timeout = 5_000;

/** A number in [0, 1) from the seed and the position alone (mulberry32), so that a late answer changes no later request. */
function chance(seed: number, position: number): number {
  let t = (seed + Math.imul(position + 1, 0x6d2b79f5)) | 0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

const prefixes = [
  'methyl gly',
  'ethyl tre',
  'amino pro',
  'fluoro sor',
  'iso man',
  'cyclo suc',
  'oxo xyl',
  'acetyl ure',
];

/** Of ten requests, six or seven search, two or three read a mixture, and about one in twenty writes. */
export function question(seed: number, position: number): Question {
  const kind = chance(seed, 2 * position);
  const which = chance(seed, 2 * position + 1);
  const id = 1 + Math.floor(which * 500); // the loader creates at least this many
  if (kind < 0.65) {
    const prefix = prefixes[Math.floor(which * prefixes.length)] ?? '';
    return { method: 'GET', path: `/molecules?search=${encodeURIComponent(prefix)}` };
  }
  if (kind < 0.8) return { method: 'GET', path: `/mixtures/${id}` };
  if (kind < 0.95) return { method: 'GET', path: `/mixtures/${id}/predictions` };
  return { method: 'POST', path: '/experiments', body: JSON.stringify({ moleculeId: id, name: `Client ${position}` }) };
}

/** The status, or undefined if there was no answer in time. */
const ask = (agent: Agent, base: URL, { method, path, body }: Question): Promise<number | undefined> =>
  new Promise((resolve) => {
    const asked = request(new URL(path, base), { agent, method, signal: AbortSignal.timeout(timeout) }, (response) => {
      response.on('end', () => resolve(response.statusCode)).on('error', () => resolve(undefined));
      response.resume();
    });
    asked.on('error', () => resolve(undefined)).end(body);
  });

/** Sends requests at a fixed rate, whether or not answers arrive: like real users, it does not spare a slow server. */
export function startClients({ apiUrl, perSecond, seed }: ClientOptions): Clients {
  const base = new URL(apiUrl);
  if (base.hostname !== '127.0.0.1')
    throw new Error(`found host "${base.hostname}", wanted 127.0.0.1: this load is for an example`);
  if (!(perSecond > 0)) throw new Error(`found ${perSecond} requests a second, wanted more than 0`);
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const counts = { sent: 0, answered: 0, failed: 0, skipped: 0 };
  const recent: number[] = [];
  const underWay = new Set<Promise<void>>();
  const started = performance.now();
  let position = 0;

  const send = async (question: Question, due: number): Promise<void> => {
    counts.sent++;
    const status = await ask(agent, base, question);
    counts[status !== undefined && status < 400 ? 'answered' : 'failed']++;
    recent.push(performance.now() - due);
    if (recent.length > 1_000) recent.shift();
  };
  const dueAt = (place: number) => started + (place * 1_000) / perSecond;
  const sendWhatIsDue = () => {
    for (; dueAt(position) <= performance.now(); position++) {
      if (underWay.size >= atOnce) counts.skipped++;
      else {
        const sent = send(question(seed, position), dueAt(position)).finally(() => underWay.delete(sent));
        underWay.add(sent);
      }
    }
    timer = setTimeout(sendWhatIsDue, Math.max(0, dueAt(position) - performance.now()));
  };
  let timer: NodeJS.Timeout;
  sendWhatIsDue();
  const quantile = (part: number): number | undefined =>
    recent.toSorted((a, b) => a - b)[Math.floor(recent.length * part)];
  return {
    async stop() {
      clearTimeout(timer);
      await Promise.all(underWay);
      agent.destroy();
    },
    stats: () => ({ ...counts, p50: quantile(0.5), p95: quantile(0.95) }),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      api: { type: 'string', default: 'http://127.0.0.1:3000' },
      'per-second': { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
    },
  });
  const clients = startClients({
    apiUrl: values.api,
    perSecond: Number(values['per-second']),
    seed: Number(values.seed),
  });
  const report = setInterval(() => console.log(JSON.stringify(clients.stats())), 5_000);
  const stop = async () => {
    clearInterval(report);
    await clients.stop();
    console.log(JSON.stringify(clients.stats()));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}
