import { resolve } from 'node:path';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    // The daemons and commands that tests start are compiled once, not at each of their hundred starts.
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/ripcord/compile') },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
