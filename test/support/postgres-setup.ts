import type { TestProject } from 'vitest/node';

import type { Major } from '../../tools/postgres/binaries.ts';
import { startPostgres } from '../../tools/postgres/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of a superuser on the server that the whole test run shares. */
    readonly postgres: string;
    /** The same of a server of the newest major, for what differs between majors. */
    readonly postgres18: string;
  }
}

/** A server of each major for the whole run; each test file takes databases of its own from it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using undo = new AsyncDisposableStack();
  const settings = { max_connections: '200', shared_preload_libraries: 'pg_stat_statements' };
  const start = async (major: Major) => undo.use(await startPostgres({ major, settings, inMemory: true }));
  const [usual, newest] = await Promise.all([start(15), start(18)]);
  project.provide('postgres', usual.url());
  project.provide('postgres18', newest.url());
  const started = undo.move();
  return () => started.disposeAsync();
}
