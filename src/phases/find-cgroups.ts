import { type Dirent, statSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CgroupIdentity } from '../core/response/containment.ts';
import { findHierarchy } from './cgroup-hierarchy.ts';
import { cgroupName } from './command-cgroup.ts';

/** A command's cgroup that is there. */
export interface FoundCgroup {
  readonly folder: string;
  /** In it and in every cgroup within, as far as they are in our pid namespace. */
  readonly pids: readonly number[];
  /** Whether any process lives there, also one that we do not see. */
  readonly populated: boolean;
}

/** Whose cgroups are meant. */
export interface Marks {
  readonly tags: readonly string[];
  /** Those on record: they count whoever made them. */
  readonly cgroups?: readonly CgroupIdentity[] | undefined;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
/** `EOPNOTSUPP`, `ENOTSUP`: a threaded cgroup, whose processes the one above lists. */
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

/** Every folder of one of these names; what lies within one belongs to it. */
async function search(folder: string, names: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const below of await foldersIn(folder)) {
    const name = below.slice(folder.length + 1);
    if (names.has(name)) found.push(below);
    else found.push(...(await search(below, names)));
  }
  return found;
}

/** In it and within, read anew. */
export async function pidsOf(folder: string): Promise<readonly number[]> {
  const text = await orNothing(readFile(join(folder, 'cgroup.procs'), 'utf8'), '', passing);
  const own = text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0); // 0 is one of another pid namespace
  const within = await Promise.all((await foldersIn(folder)).map(pidsOf));
  return [...own, ...within.flat()];
}

export const isPopulated = async (folder: string): Promise<boolean> =>
  /^populated 1$/m.test(await orNothing(readFile(join(folder, 'cgroup.events'), 'utf8'), '', passing));

/**
 * Anybody with a delegated cgroup may give one of his such a name; the tag is no secret. So it must be the administrator's
 * or our own, or the wrapper has told of it.
 */
async function isMeant(folder: string, top: string, known: readonly CgroupIdentity[]): Promise<boolean> {
  const found = await orNothing(stat(folder, { bigint: true }), undefined, passing);
  if (found === undefined) return false;
  if (found.uid === 0n || found.uid === BigInt(process.getuid?.() ?? -1)) return true;
  const root = String(statSync(top, { bigint: true }).ino);
  return known.some((one) => one.id === String(found.ino) && one.root === root);
}

/** Where they are does not matter: they are found by their names, also those that nobody lived to tell of. */
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

/** For kernels before 5.14: nothing forks while it is frozen, and SIGKILL reaches it all the same. */
export async function freezeAndKill(folder: string, kill: (pid: number) => void): Promise<void> {
  await tried(join(folder, 'cgroup.freeze'), '1');
  for (const pid of await pidsOf(folder)) kill(pid);
  await tried(join(folder, 'cgroup.freeze'), '0');
}

/** SIGKILL for all that is in it and within, other pid namespaces too. Who may not write there kills one by one. */
export async function killCgroup(folder: string, kill: (pid: number) => void): Promise<void> {
  // Not created where it is missing: the file system refuses that.
  if (!(await tried(join(folder, 'cgroup.kill'), '1'))) await freezeAndKill(folder, kill);
}

/**
 * Whether that very cgroup is without a process, nested ones included; the kernel removes none that holds one. Undefined
 * when it cannot be told from here.
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
