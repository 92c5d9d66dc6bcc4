import { resolve } from 'node:path';

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that replace a module for everybody in their process; all others share a worker, which saves its start for each file. */
const alone = ['test/phases/no-procfs.test.ts', 'test/phases/no-cgroup.test.ts'];

const rank = ({ moduleId }: TestSpecification): number =>
  moduleId.includes('test/crash/')
    ? 2
    : /test\/(daemon|runs|phases|monitoring|rollback|journal|examples|baseline|target|traps)\//.test(moduleId)
      ? 1
      : 0;

/** What takes longest begins first, so that the other workers have all the rest to do meanwhile. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(b) - rank(a));
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-setup.ts'],
    // The daemons and commands that tests start are compiled once, not at each of their hundred starts.
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/ripcord/compile') },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 3, // of two cores: a third of the time a test waits for a server or a process
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
  },
});
