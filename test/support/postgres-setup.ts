import { Client } from 'pg';
import type { TestProject } from 'vitest/node';

import type { Major } from '../../tools/postgres/binaries.ts';
import { startPostgres } from '../../tools/postgres/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's connection string for the server that the whole test run shares. */
    readonly postgres: string;
    /** The same for a server of the newest major version, for differences between versions. */
    readonly postgres18: string;
  }
}

/** With an incomplete installation, another major version could start, and tests of version differences would prove nothing. */
async function mustBe(major: Major, connectionString: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  await client.end();
  const found = Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  if (found !== major) throw new Error(`found PostgreSQL ${found}, wanted ${major}: run npm ci again`);
}

/** Starts a server of each major version for the whole run. Each test file creates its own databases. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using undo = new AsyncDisposableStack();
  const settings = { max_connections: '200', shared_preload_libraries: 'pg_stat_statements' };
  const start = async (major: Major) => undo.use(await startPostgres({ major, settings, inMemory: true }));
  const [usual, newest] = await Promise.all([start(15), start(18)]);
  await Promise.all([mustBe(15, usual.url()), mustBe(18, newest.url())]);
  project.provide('postgres', usual.url());
  project.provide('postgres18', newest.url());
  const started = undo.move();
  return () => started.disposeAsync();
}
