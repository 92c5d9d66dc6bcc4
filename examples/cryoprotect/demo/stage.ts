import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from 'pg';

import { hashToken, newToken } from '../../../src/runs/token-hash.ts';
import { type PostgresServer, startPostgres } from '../../../tools/postgres/server.ts';
import { type Clients, startClients } from '../app/clients.ts';
import { type Loaded, loadCryoprotect } from '../load.ts';
import { start } from './processes.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The command as it is in a checkout; users type `npx ripcord`. */
export const ripcord = [process.execPath, here('../../../bin/ripcord.js')] as const;
export const planFile = here('ripcord.yaml');
/** The folder in which the story runs its commands. */
export const cwd = here('..');

/** Everything that the story runs on. All of it ends with the stage. */
export interface Stage {
  readonly server: PostgresServer;
  readonly folder: string;
  readonly journal: string;
  readonly databaseUrl: string;
  readonly phasesUrl: string;
  readonly apiUrl: string;
  readonly tokens: { readonly dana: string; readonly pipeline: string };
  /** The environment variables of the daemon and the commands. */
  readonly env: Readonly<Record<string, string>>;
  readonly rows: Loaded;
  readonly clients: Clients;
}

const database = 'cryoprotect';

/** The logins of the guard and of the rollback steps, as an operator creates them. */
async function createLogins(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(await readFile(here('../logins.sql'), 'utf8'));
  await client.end();
}

async function createDatabase(server: PostgresServer): Promise<void> {
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  await client.query(`create database ${database}`);
  await client.end();
}

/** Sets up the stage, and registers on `undo` how to remove each part. */
export async function setStage(undo: AsyncDisposableStack, molecules: number): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'ripcord-demo-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const server = undo.use(await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } }));
  await createDatabase(server);
  const databaseUrl = server.url(database);
  const rows = await loadCryoprotect(databaseUrl, { molecules });
  await createLogins(databaseUrl);

  const api = undo.use(
    await start(
      [process.execPath, here('../app/api.ts')],
      { DATABASE_URL: server.url(database, 'app_user'), PORT: '0' },
      'listening on ',
    ),
  );
  const clients = startClients({ apiUrl: api.said, perSecond: 8, seed: 1 });
  undo.defer(() => clients.stop());

  const tokens = { dana: newToken(), pipeline: newToken() };
  const phasesUrl = server.url(database, 'remediation');
  const env = {
    GUARD_URL: server.url(database, 'ripcord_guard'),
    READER_URL: server.url(database, 'ripcord_reader'),
    REACH_URL: server.url(database, 'ripcord_reach'),
    UNDO_URL: server.url(database, 'remediation_undo'),
    API_URL: api.said,
    DANA_TOKEN_HASH: hashToken(tokens.dana),
    PIPELINE_TOKEN_HASH: hashToken(tokens.pipeline),
    NODE_COMPILE_CACHE: join(folder, 'compiled'), // the same command is started a dozen times
  };
  const journal = join(folder, 'journal.db');
  return { server, folder, journal, databaseUrl, phasesUrl, apiUrl: api.said, tokens, env, rows, clients };
}

/** Starts the daemon and returns its address. */
export async function startDaemon(undo: AsyncDisposableStack, { env, journal }: Stage): Promise<string> {
  const command = [...ripcord, 'serve', '--plan', planFile, '--journal', journal, '--listen', '127.0.0.1:0'];
  return undo.use(await start([...command, '--log-level', 'warn'], env, 'listening on ')).said;
}
