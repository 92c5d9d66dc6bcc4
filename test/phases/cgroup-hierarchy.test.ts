import { expect, test } from 'vitest';

import { hierarchyIn } from '../../src/phases/cgroup-hierarchy.ts';

const tmpfs = '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755';
const v1 = '36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices';
const v2 = (root: string, point: string, options = 'rw') =>
  `41 31 0:38 ${root} ${point} ${options},relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate`;

test.each([
  {
    where: 'on a current machine',
    mounts: [v2('/', '/sys/fs/cgroup')],
    own: '0::/system.slice/ripcord.service',
    found: { top: '/sys/fs/cgroup', own: '/sys/fs/cgroup/system.slice/ripcord.service' },
  },
  {
    where: 'next to cgroup v1 (hybrid)',
    mounts: [tmpfs, v1, v2('/', '/sys/fs/cgroup/unified')],
    own: '8:pids:/x\n0::/',
    found: { top: '/sys/fs/cgroup/unified', own: '/sys/fs/cgroup/unified' },
  },
  {
    where: 'in a container with a cgroup namespace',
    mounts: [v2('/', '/sys/fs/cgroup', 'ro')],
    own: '0::/',
    found: { top: '/sys/fs/cgroup', own: '/sys/fs/cgroup' },
  },
  {
    where: 'in a container that sees its part of the machine’s hierarchy',
    mounts: [v2('/docker/4f2', '/sys/fs/cgroup')],
    own: '0::/docker/4f2/init',
    found: { top: '/sys/fs/cgroup', own: '/sys/fs/cgroup/init' },
  },
  {
    where: 'if it is mounted twice, once writable',
    mounts: [v2('/', '/sys/fs/cgroup', 'ro'), v2('/', '/run/my\\040cgroup')],
    own: '0::/a',
    found: { top: '/run/my cgroup', own: '/run/my cgroup/a' },
  },
  { where: 'with cgroup v1 only', mounts: [tmpfs, v1], own: '8:pids:/', found: { none: 'only cgroup v1 is mounted' } },
  { where: 'without any cgroup mount', mounts: [], own: '', found: { none: 'no cgroup v2 is mounted' } },
  {
    where: 'if our own cgroup lies outside the namespace',
    mounts: [v2('/', '/sys/fs/cgroup')],
    own: '0::/../../user.slice',
    found: { none: 'the cgroup of this process is outside the mounted hierarchy' },
  },
  {
    where: 'if another subtree is mounted whose name begins like ours',
    mounts: [v2('/docker/4', '/sys/fs/cgroup')],
    own: '0::/docker/4f2',
    found: { none: 'the cgroup of this process is outside the mounted hierarchy' },
  },
])('$where', ({ mounts, own, found }) => {
  expect(hierarchyIn(`${mounts.join('\n')}\n`, `${own}\n`)).toEqual(found);
});
