import { resolve } from 'node:path';

import { defineConfig } from 'vitest/config';

/** `npm run sweep`: the slow fault suites, whole. ROUNDS and SEED choose how many and which. */
export default defineConfig({
  test: {
    include: ['test/**/*.sweep.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/ripcord/compile') },
    pool: 'forks',
    maxWorkers: 1,
  },
});
