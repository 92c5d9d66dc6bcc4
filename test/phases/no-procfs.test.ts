import type * as fs from 'node:fs';

import { expect, test, vi } from 'vitest';

import { ProcfsMissing } from '../../src/system/procfs.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { run } from './started.ts';

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof fs>()),
  readFileSync: (path: string) => {
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
  },
}));

test.each([
  { what: 'identify', call: () => identify(process.pid) },
  { what: 'taggedProcesses', call: () => taggedProcesses('tag') },
  { what: 'runCommand', call: () => run({ tag: 'tag', command: ['true'] }) },
])('without /proc, the error of $what says where it can run', async ({ call }) => {
  await expect(call()).rejects.toThrow(ProcfsMissing);
  await expect(call()).rejects.toThrow(/no readable \/proc; wanted Linux/);
});
