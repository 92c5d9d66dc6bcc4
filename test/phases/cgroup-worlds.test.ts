import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { findHierarchy } from '../../src/phases/cgroup-hierarchy.ts';

import { noCgroup } from './escapes.ts';

const script = fileURLToPath(new URL('contained-process.ts', import.meta.url));
const hierarchy = findHierarchy();
const top = 'none' in hierarchy ? '' : hierarchy.top;
const isRoot = process.getuid?.() === 0;
const why = isRoot ? noCgroup : 'only root can create these environments';

async function runs(program: string, args: readonly string[]): Promise<unknown> {
  const command = [...args, process.execPath, script];
  const { stdout } = await promisify(execFile)(program, command, { env: { PATH: process.env.PATH } });
  return JSON.parse(stdout);
}

test.each([
  {
    world: 'mounted read-only, as in a container',
    program: 'unshare',
    args: ['-m', 'sh', '-c', 'mount -o bind,remount,ro "$0" && exec "$@"', top],
    none: /^cgroup v2 is mounted read-only \(EROFS\)$/,
  },
  {
    world: 'not mounted',
    program: 'unshare',
    args: ['-m', 'sh', '-c', 'umount "$0" && exec "$@"', top],
    none: /^(only cgroup v1|no cgroup v2) is mounted$/,
  },
  {
    world: 'not delegated to the user',
    program: 'setpriv',
    args: ['--reuid=65534', '--regid=65534', '--clear-groups'],
    none: /^this user may not write to \/.*, which is not delegated \(EACCES\)$/,
  },
])(
  'if cgroup v2 is $world, a command runs without a cgroup, and the result says why',
  async ({ program, args, none, ...with_ }) => {
    expect(with_.world).not.toBe('');
    if (why !== undefined) return expect(why).not.toBe('');
    return expect(await runs(program, args)).toEqual({
      exitCode: 0,
      containment: { none: expect.stringMatching(none) },
    });
  },
);

test('in a separate cgroup namespace, a command gets a cgroup below the visible root', async ({ skip }) => {
  skip(why !== undefined, why);
  const remount = 'umount "$0" && mount -t cgroup2 cgroup2 "$0" && exec "$@"';
  expect(await runs('unshare', ['-m', '-C', 'sh', '-c', remount, top])).toMatchObject({
    exitCode: 0,
    containment: { cgroup: { path: '/ripcord.test-contained-process', root: expect.stringMatching(/^\d+$/) } },
  });
});
