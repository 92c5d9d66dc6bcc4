import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { Client, type QueryResult } from 'pg';

import { loadCryoprotect } from '../../examples/cryoprotect/load.ts';
import type { Database, Job } from '../../examples/cryoprotect/phase-script.ts';
import { startPostgres } from '../../tools/postgres/server.ts';
import { compileCache } from '../support/compile-cache.ts';

export const home = fileURLToPath(new URL('../../examples/cryoprotect/', import.meta.url));

export interface Copy extends AsyncDisposable {
  url(role?: string): string;
  /** Runs a query as the superuser. */
  query(sql: string, parameters?: unknown[]): Promise<QueryResult<Record<string, unknown>>>;
  /** Does `work` on a separate connection, as the phases' role by default. */
  as<Result>(work: (client: Client) => Promise<Result>, role?: string): Promise<Result>;
}

/** CryoProtect in its original state on a separate server, because its roles are global to the server. */
export async function cryoprotect(): Promise<AsyncDisposable & { copy(): Promise<Copy> }> {
  await using undo = new AsyncDisposableStack();
  const server = await startPostgres({ inMemory: true });
  undo.defer(() => server.stop());
  const url = (name: string, role = 'postgres') => server.url(name, role);
  const onServer = (sql: string) => connected(server.url(), (client) => client.query(sql));
  await onServer('create database original');
  await loadCryoprotect(url('original'), { molecules: 2_000 });
  let copies = 0;
  const copy = async (): Promise<Copy> => {
    const name = `copy_${++copies}`;
    await onServer(`create database ${name} template original`);
    const main = await connect(url(name));
    return {
      url: (role) => url(name, role),
      query: (sql, parameters) => main.query(sql, parameters),
      as: (work, role = 'remediation') => connected(url(name, role), work),
      async [Symbol.asyncDispose]() {
        await main.end();
        await onServer(`drop database ${name} with (force)`);
      },
    };
  };
  const ending = undo.move();
  return { copy, [Symbol.asyncDispose]: () => ending.disposeAsync() };
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined); // dropping the database ends the connection
  await client.connect();
  return client;
}

async function connected<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A job that keeps its lines instead of printing them. */
export function quietJob(db: Database): Job & { readonly lines: string[] } {
  const lines: string[] = [];
  return { db, lines, say: (line) => void lines.push(line), progress: () => undefined };
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script as Ripcord does: as a program in the example's folder, configured by its environment. */
export const runScript = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: home, env: { ...compileCache, ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
