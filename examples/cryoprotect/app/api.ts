import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { DatabaseError, Pool, type PoolClient } from 'pg';

import { type Names, namesNow } from '../tables.ts';
import { insertExperiment, mixture, type NewExperiment, predictions, search, type Statement } from './queries.ts';

export interface ApiOptions {
  readonly databaseUrl: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The default is loopback. */
  readonly host?: string;
}

export interface Api {
  readonly port: number;
  /** Finishes current requests, then closes its connections. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The caller's mistake. It becomes a response, not an error of this server. */
class BadRequest extends Error {
  readonly status: 400 | 413 | 422;
  constructor(status: 400 | 413 | 422, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Knows the current table names, and reads them again when a statement finds a table missing, because it was renamed
 * meanwhile.
 */
function tableNames(pool: Pool) {
  let known: Promise<Names> | undefined;
  return async function using<Result>(work: (names: Names) => Promise<Result>): Promise<Result> {
    known ??= namesNow(pool);
    try {
      return await work(await known);
    } catch (error) {
      known = undefined;
      if (!(error instanceof DatabaseError && error.code === '42P01')) throw error;
      return work(await (known = namesNow(pool)));
    }
  };
}

const notFound: Answer = { status: 404, body: { error: 'there is nothing here' } };
const run = async (pool: Pool | PoolClient, { sql, values }: Statement): Promise<readonly unknown[]> =>
  (await pool.query<Record<string, unknown>>(sql, values)).rows;

/** Row-level security reads the user from the claim, which lasts as long as the transaction. */
async function write(pool: Pool, user: string, statement: Statement): Promise<readonly unknown[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    await client.query(`select set_config('request.jwt.claim.sub', $1, true)`, [user]);
    const rows = await run(client, statement);
    await client.query('commit');
    return rows;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => (broken = cause));
    throw error;
  } finally {
    client.release(broken);
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.length > 10_000) throw new BadRequest(413, 'the body is longer than 10,000 characters');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(400, 'the body is not JSON');
  }
}

const someUser = '00000000-0000-4000-8000-000000000001';
function newExperiment(body: unknown): NewExperiment {
  const wanted = 'wanted {"moleculeId": 1, "name": "Freeze 1"}';
  if (typeof body !== 'object' || body === null || !('moleculeId' in body) || !('name' in body)) {
    throw new BadRequest(422, wanted);
  }
  const { moleculeId, name } = body;
  if (!Number.isSafeInteger(moleculeId) || typeof name !== 'string' || name === '') throw new BadRequest(422, wanted);
  return { moleculeId: Number(moleculeId), name, createdBy: someUser };
}

const oneOr404 = ([row]: readonly unknown[]): Answer => (row === undefined ? notFound : { status: 200, body: row });

async function answer(pool: Pool, using: ReturnType<typeof tableNames>, request: IncomingMessage): Promise<Answer> {
  const url = URL.parse(request.url ?? '', 'http://localhost');
  if (url === null) return notFound;
  const { pathname, searchParams } = url;
  const asked = `${request.method} ${pathname}`;
  if (asked === 'GET /health') return oneOr404(await run(pool, { sql: `select 'ok' as status`, values: [] }));
  if (asked === 'GET /molecules') {
    const prefix = searchParams.get('search') ?? '';
    return { status: 200, body: await using((names) => run(pool, search(names, prefix))) };
  }
  if (asked === 'POST /experiments') {
    const added = newExperiment(await readJson(request));
    const [row] = await using((names) => write(pool, added.createdBy, insertExperiment(names, added)));
    return { status: 201, body: row };
  }
  const [, id, list] = /^GET \/mixtures\/(\d{1,15})(\/predictions)?$/.exec(asked) ?? [];
  if (id === undefined) return notFound;
  if (list !== undefined)
    return { status: 200, body: await using((names) => run(pool, predictions(names, Number(id)))) };
  return oneOr404(await using((names) => run(pool, mixture(names, Number(id)))));
}

/** A rejected value is the caller's mistake, anything else is ours. The database's error text is not passed on. */
function failure(error: unknown): Answer {
  if (error instanceof BadRequest) return { status: error.status, body: { error: error.message } };
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === '23503') return { status: 422, body: { error: 'there is no such molecule' } };
  if (typeof code === 'string' && code.startsWith('22')) return { status: 400, body: { error: 'a value is invalid' } };
  const ours = error instanceof DatabaseError && !/^(57P|53)/.test(String(code));
  return { status: ours ? 500 : 503, body: { error: 'the database could not answer', code } };
}

function send(response: ServerResponse, { status, body }: Answer, last: boolean): void {
  response.writeHead(status, { 'content-type': 'application/json', ...(last ? { connection: 'close' } : {}) });
  response.end(JSON.stringify(body));
}

/** Serves CryoProtect's data over HTTP; rejects if the port is taken. The database may come and go. */
export async function startApi({ databaseUrl, port, host = '127.0.0.1' }: ApiOptions): Promise<Api> {
  const pool = new Pool({ connectionString: databaseUrl, max: 10, connectionTimeoutMillis: 2_000 });
  pool.on('error', () => undefined); // an idle connection was ended; the next request opens another
  const using = tableNames(pool);
  let closing = false;
  const server = createServer((request, response) => {
    void answer(pool, using, request)
      .catch(failure)
      .then((result) => send(response, result, closing));
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    await pool.end();
    throw error;
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      closing = true;
      const closed = once(server, 'close');
      server.close();
      await closed;
      await pool.end();
    },
  };
}

if (import.meta.main) {
  const { DATABASE_URL: databaseUrl, PORT: port = '3000', HOST: host = '127.0.0.1' } = process.env;
  if (databaseUrl === undefined || !/^\d{1,5}$/.test(port)) {
    console.error('usage: DATABASE_URL=postgres://... [PORT=3000] [HOST=127.0.0.1] node app/api.ts');
    process.exit(2);
  }
  const api = await startApi({ databaseUrl, port: Number(port), host });
  console.log(`listening on http://${host}:${api.port}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void api.close());
}
