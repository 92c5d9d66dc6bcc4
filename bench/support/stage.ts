import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from 'pg';

import { start } from '../../examples/cryoprotect/demo/processes.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import type { Options } from './options.ts';

/** What the measurements run on. `undo` removes all of it. */
export interface Stage extends Options {
  /** The built output, as a file URL that ends in a slash. */
  readonly dist: string;
  /** Aborted when a person interrupts the command. */
  readonly signal: AbortSignal;
  /** Reports progress. */
  readonly say: (text: string) => void;
  /**
   * Creates a database on a throw-away server and runs these statements; returns its address. The first call starts the
   * server.
   */
  readonly database: (sql: string) => Promise<string>;
  /** The server's process; undefined if none was started. */
  readonly postgresVersion: () => string | undefined;
  /** Creates a folder. */
  readonly folder: () => Promise<string>;
  /** The address of the server that HTTP probes use. */
  readonly httpTarget: () => Promise<string>;
}

const asking = async <Answer>(url: string, work: (client: Client) => Promise<Answer>): Promise<Answer> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Runs at the first call and caches the result. */
function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => (made ??= make());
}

export function setStage(options: Options, signal: AbortSignal, undo: AsyncDisposableStack): Stage {
  let version: string | undefined;
  let databases = 0;
  const server = once(async () => {
    const started = undo.use(await startPostgres());
    const { rows } = await asking(started.url(), (client) =>
      client.query<{ server_version: string }>('show server_version'),
    );
    version = rows[0]?.server_version;
    return started;
  });
  const program = fileURLToPath(new URL('http-target.ts', import.meta.url));
  const target = once(async () => undo.use(await start([process.execPath, program], {}, 'listening on ')));
  return {
    ...options,
    dist: new URL('../../dist/', import.meta.url).href,
    signal,
    say: (text) => console.error(text),
    async database(sql) {
      const postgres = await server();
      const name = `bench_${++databases}`;
      await asking(postgres.url(), (client) => client.query(`create database ${name}`));
      await asking(postgres.url(name), (client) => client.query(sql));
      return postgres.url(name);
    },
    postgresVersion: () => version,
    async folder() {
      const folder = await mkdtemp(join(tmpdir(), 'ripcord-bench-'));
      undo.defer(() => rm(folder, { recursive: true, force: true }));
      return folder;
    },
    httpTarget: async () => (await target()).said,
  };
}
