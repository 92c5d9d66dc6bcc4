import { type Dirent, statSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CgroupIdentity } from '../core/response/containment.ts';
import { findHierarchy } from './cgroup-hierarchy.ts';
import { cgroupName } from './command-cgroup.ts';

/** An existing cgroup of a command. */
export interface FoundCgroup {
  readonly folder: string;
  /** Processes in it and in nested cgroups, if they are in our pid namespace. */
  readonly pids: readonly number[];
  /** Whether it holds any process, including those that we cannot see. */
  readonly populated: boolean;
}

/** Identifies the cgroups to find. */
export interface Marks {
  readonly tags: readonly string[];
  /** Recorded cgroups. They count regardless of their owner. */
  readonly cgroups?: readonly CgroupIdentity[] | undefined;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
/** `EOPNOTSUPP`, `ENOTSUP`: a threaded cgroup, whose processes are listed in its parent. */
const passing = ['ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP'];

async function orNothing<Value>(asked: Promise<Value>, nothing: Value, codes: readonly string[]): Promise<Value> {
  try {
    return await asked;
  } catch (error) {
    if (codes.includes(codeOf(error))) return nothing;
    throw error;
  }
}

const foldersIn = async (folder: string): Promise<readonly string[]> => {
  const entries = orNothing<readonly Dirent[]>(readdir(folder, { withFileTypes: true }), [], [...passing, 'EACCES']);
  return (await entries).filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
};

/** Finds every folder with one of these names. It does not search inside them, because nested cgroups belong to them. */
async function search(folder: string, names: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const below of await foldersIn(folder)) {
    const name = below.slice(folder.length + 1);
    if (names.has(name)) found.push(below);
    else found.push(...(await search(below, names)));
  }
  return found;
}

/** Reads the current pids of the cgroup and of those nested in it. */
export async function pidsOf(folder: string): Promise<readonly number[]> {
  const text = await orNothing(readFile(join(folder, 'cgroup.procs'), 'utf8'), '', passing);
  const own = text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0); // 0 is a process of another pid namespace
  const within = await Promise.all((await foldersIn(folder)).map(pidsOf));
  return [...own, ...within.flat()];
}

export const isPopulated = async (folder: string): Promise<boolean> =>
  /^populated 1$/m.test(await orNothing(readFile(join(folder, 'cgroup.events'), 'utf8'), '', passing));

/**
 * Any user with a delegated cgroup can create one with such a name, because the tag is not secret. So it must belong to the
 * administrator or to this user, or the wrapper must have reported it.
 */
async function isMeant(folder: string, top: string, known: readonly CgroupIdentity[]): Promise<boolean> {
  const found = await orNothing(stat(folder, { bigint: true }), undefined, passing);
  if (found === undefined) return false;
  if (found.uid === 0n || found.uid === BigInt(process.getuid?.() ?? -1)) return true;
  const root = String(statSync(top, { bigint: true }).ino);
  return known.some((one) => one.id === String(found.ino) && one.root === root);
}

/** Finds cgroups by name anywhere in the hierarchy, including those whose wrapper died before it could report them. */
export async function findCgroups({ tags, cgroups = [] }: Marks): Promise<readonly FoundCgroup[]> {
  const hierarchy = findHierarchy();
  if ('none' in hierarchy || tags.length === 0) return [];
  const { top } = hierarchy;
  const found: FoundCgroup[] = [];
  for (const folder of await search(top, new Set(tags.map(cgroupName)))) {
    if (!(await isMeant(folder, top, cgroups))) continue;
    found.push({ folder, pids: await pidsOf(folder), populated: await isPopulated(folder) });
  }
  return found;
}

const mayNot = ['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENODEV'];
const tried = (file: string, text: string): Promise<boolean> =>
  orNothing(
    writeFile(file, text).then(() => true),
    false,
    mayNot,
  );

/** For kernels before 5.14: a frozen process cannot fork, but SIGKILL still reaches it. */
export async function freezeAndKill(folder: string, kill: (pid: number) => void): Promise<void> {
  await tried(join(folder, 'cgroup.freeze'), '1');
  for (const pid of await pidsOf(folder)) kill(pid);
  await tried(join(folder, 'cgroup.freeze'), '0');
}

/** Sends SIGKILL to everything in it, including other pid namespaces. Without write permission, it kills pid by pid. */
export async function killCgroup(folder: string, kill: (pid: number) => void): Promise<void> {
  // A missing cgroup.kill is not created: the file system refuses that.
  if (!(await tried(join(folder, 'cgroup.kill'), '1'))) await freezeAndKill(folder, kill);
}

/**
 * Whether exactly this cgroup, with its nested cgroups, holds no process. A removed one is empty, because the kernel keeps
 * those that hold a process. Undefined if that cannot be known from here.
 */
export async function isEmptied({ path, id, root }: CgroupIdentity): Promise<boolean | undefined> {
  const hierarchy = findHierarchy();
  if ('none' in hierarchy) return undefined;
  const { top } = hierarchy;
  if (String(statSync(top, { bigint: true }).ino) !== root) return undefined;
  const folder = join(top, path);
  try {
    const found = await stat(folder, { bigint: true });
    return String(found.ino) !== id || !(await isPopulated(folder));
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error)) ? true : undefined;
  }
}
