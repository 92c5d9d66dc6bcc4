import type { TestProject } from 'vitest/node';

import { startPostgres } from '../../tools/postgres/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of a superuser on the server that the whole test run shares. */
    readonly postgres: string;
  }
}

/** One server for the whole run; each test file takes databases of its own from it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({
    settings: { max_connections: '200', shared_preload_libraries: 'pg_stat_statements' },
  });
  project.provide('postgres', server.url());
  return () => server.stop();
}
