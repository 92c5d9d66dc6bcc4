import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { millis, seconds } from '../../src/core/kernel/units.ts';
import type { Child } from '../../src/core/response/events.ts';
import { findHierarchy } from '../../src/phases/cgroup-hierarchy.ts';
import { cgroupName } from '../../src/phases/command-cgroup.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { findCgroups, freezeAndKill, isEmptied, killCgroup, pidsOf } from '../../src/phases/find-cgroups.ts';
import { readCgroup } from '../../src/system/procfs.ts';
import { isOfTag, taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { escapes, noCgroup } from './escapes.ts';
import { clock, run, sh, started } from './started.ts';
import { testTag } from './tag.ts';

const grace = millis(200);

const cgroupOf = ({ containment }: Child) => {
  if (containment === undefined || !('cgroup' in containment)) throw new Error(JSON.stringify(containment));
  return containment.cgroup;
};
function topFolder(): string {
  const hierarchy = findHierarchy();
  if ('none' in hierarchy) throw new Error(hierarchy.none);
  return hierarchy.top;
}

test('a command starts in its own cgroup, this process stays in its own, and the command’s cgroup is removed', async ({
  skip,
}) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  const before = await readCgroup(process.pid);
  let [child, during]: [Child | undefined, string] = [undefined, ''];
  const { output } = await run({
    tag: tag.tag,
    command: sh('grep ^0:: /proc/self/cgroup'),
    onSpawn: (spawned) => void ([child, during] = [spawned, readFileSync('/proc/self/cgroup', 'utf8')]),
  });
  if (child === undefined) throw new Error('it was not started');
  const { path } = cgroupOf(child);
  expect(output).toBe(`0::${path}\n`);
  expect(path.endsWith(`/${cgroupName(tag.tag)}`)).toBe(true);
  expect(during).toContain(`0::${before}\n`);
  expect(existsSync(join(topFolder(), path))).toBe(false);
  expect(await isEmptied(cgroupOf(child))).toBe(true);
});

test('a command that was not started leaves no cgroup', async ({ skip }) => {
  skip(noCgroup !== undefined, noCgroup);
  await expect(run({ tag: 'test-not-started', command: ['/nowhere/at-all'] })).rejects.toThrow(/could not be started/);
  expect(await findCgroups({ tags: ['test-not-started'] })).toEqual([]);
});

test('processes that left the session, environment, group, output and pid namespace end with the command', async ({
  skip,
}) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  await using escaping = await escapes();
  const abort = new AbortController();
  const running = run({ tag: tag.tag, command: escaping.command, grace, signal: abort.signal, maxOutput: 64 });
  await escaping.out();
  abort.abort();
  expect(await running).toMatchObject({ aborted: true });
  expect(await escaping.alive()).toEqual([]);
  expect(await findCgroups({ tags: [tag.tag] })).toEqual([]);
});

test('escaped processes are found and ended even if their wrapper is gone and the cgroup was never reported', async ({
  skip,
}) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  await using escaping = await escapes();
  const { leader, result } = await started({
    tag: tag.tag,
    command: sh('"$@" > /dev/null & echo ready; wait', ...escaping.command),
  });
  await escaping.out();
  process.kill(leader.pid, 'SIGKILL');
  await result;
  const { ended } = await endProcesses({ groups: [], tags: [tag.tag], grace, clock });
  expect(ended).toBeGreaterThan(4);
  expect(await escaping.alive()).toEqual([]);
});

const one = (pid: number): void => void process.kill(pid, 'SIGKILL');
const nobody = (pid: number): void => expect.unreachable(`${pid} was killed individually`);
test.each([
  { how: 'by cgroup.kill', kill: (folder: string) => killCgroup(folder, nobody) },
  {
    how: 'by freezing it and killing each pid, as before Linux 5.14',
    kill: (folder: string) => freezeAndKill(folder, one),
  },
])('a cgroup with nested cgroups is emptied $how', async ({ kill }) => {
  await using tag = testTag();
  const command = sh('sleep 60 & echo ready; while :; do sh -c "sleep 0.01 & sleep 0.01"; done');
  const { leader, result } = await started({ tag: tag.tag, command });
  if (noCgroup === undefined) {
    const cgroup = cgroupOf(leader);
    const folder = join(topFolder(), cgroup.path);
    const within = join(folder, 'within', 'deeper');
    mkdirSync(within, { recursive: true });
    writeFileSync(join(within, 'cgroup.procs'), `${leader.pid}`);
    expect(await pidsOf(folder)).toContain(leader.pid);
    await kill(folder);
    await expect.poll(() => isEmptied(cgroup)).toBe(true);
  }
  await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock });
  await result;
  expect(await findCgroups({ tags: [tag.tag] })).toEqual([]);
});

test('processes that a successful command left running stay, with its cgroup, and are named', async ({ skip }) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  await run({ tag: tag.tag, command: sh('env -i setsid sleep 60 > /dev/null 2>&1 & sleep 0.1') });
  const left = await taggedProcesses(tag.tag);
  expect(left).toHaveLength(1);
  expect(await endProcesses({ groups: [], tags: [tag.tag], grace: seconds(5), clock })).toEqual({ ended: 1 });
  expect(await findCgroups({ tags: [tag.tag] })).toEqual([]);
});

test('a cgroup with another inode at the same path is a different one, so the recorded one is empty', async ({
  skip,
}) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  const { leader, result } = await started({ tag: tag.tag, command: sh('echo ready; exec sleep 60') });
  const cgroup = cgroupOf(leader);
  expect(await isEmptied(cgroup)).toBe(false);
  expect(await isEmptied({ ...cgroup, id: '1' })).toBe(true);
  expect(await isEmptied({ ...cgroup, root: '999999' }), 'seen from another root cgroup').toBeUndefined();
  await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock });
  await result;
});

test('a cgroup of that name that a stranger created is not touched unless it is the recorded one', async ({ skip }) => {
  skip(noCgroup !== undefined || process.getuid?.() !== 0, noCgroup ?? 'only root may change the owner of a folder');
  await using tag = testTag();
  const { leader, result } = await started({
    tag: tag.tag,
    command: sh('exec env -i setsid --fork sh -c "echo ready; exec sleep 60"'),
  });
  await result;
  const { path } = cgroupOf(leader);
  const folder = join(topFolder(), path);
  chownSync(folder, 65_534, 65_534);
  expect(await findCgroups({ tags: [tag.tag] })).toEqual([]);
  expect(await endProcesses({ groups: [], tags: [tag.tag], grace, clock })).toEqual({ ended: 0 });
  const known = { tags: [tag.tag], cgroups: [cgroupOf(leader)] };
  const [escaped] = (await findCgroups(known))[0]?.pids ?? [];
  expect(escaped).toBeGreaterThan(1);
  expect(await endProcesses({ ...known, groups: [], grace, clock })).toEqual({ ended: 1 });
  expect(existsSync(folder)).toBe(false);
});

test('a process without our tag is recognised by its cgroup, and one outside our cgroups is a stranger', async ({
  skip,
}) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  const { leader, result } = await started({
    tag: tag.tag,
    command: sh('exec env -i sh -c "echo ready; exec sleep 60"'),
  });
  expect(await isOfTag(leader, tag.tag)).toBe(true);
  expect(await isOfTag(leader, 'another-tag')).toBe(false);
  await endProcesses({ groups: [leader], tags: [], grace, clock });
  await result;
});
