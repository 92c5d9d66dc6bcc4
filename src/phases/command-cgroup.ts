import { accessSync, constants, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CgroupIdentity, Containment } from '../core/response/containment.ts';
import { findHierarchy, type Hierarchy } from './cgroup-hierarchy.ts';

/** Differs from all names that the kernel or systemd uses. */
const prefix = 'ripcord.';

/** The name of the cgroup for a tag's command. A tag may contain a slash, but no NUL. */
export const cgroupName = (tag: string): string => `${prefix}${encodeURIComponent(tag)}`;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

function whyNot(error: unknown, own: string): string {
  const code = codeOf(error);
  if (code === undefined) throw error;
  if (code === 'EROFS') return `cgroup v2 is mounted read-only (${code})`;
  if (code === 'EACCES' || code === 'EPERM')
    return `this user may not write to ${own}, which is not delegated (${code})`;
  return `no cgroup can be created in ${own} (${code})`;
}

const idOf = (folder: string): string => String(statSync(folder, { bigint: true }).ino);

export interface CommandCgroup {
  /** Undefined if there is no cgroup. */
  readonly folder: string | undefined;
  readonly containment: Containment;
}

const none = (why: string): CommandCgroup => ({ folder: undefined, containment: { none: why } });

const longEmpty = 60_000;

/** Removes leftover cgroups; the kernel keeps those with a process. A recent one may be about to get its first process. */
function sweep(own: string): void {
  for (const name of readdirSync(own).filter((one) => one.startsWith(prefix))) {
    const folder = join(own, name);
    try {
      if (Date.now() - statSync(folder).ctimeMs > longEmpty) rmdirSync(folder);
    } catch {
      // in use, or gone meanwhile
    }
  }
}

function make({ top, own }: Hierarchy, tag: string): CommandCgroup & { readonly folder: string } {
  sweep(own);
  const folder = join(own, cgroupName(tag));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error; // the same tag means the same attempt
  }
  const path = folder.slice(top === '/' ? 0 : top.length);
  const cgroup: CgroupIdentity = { path, id: idOf(folder), root: idOf(top) };
  return { folder, containment: { cgroup } };
}

/** Why a command started here would get no cgroup, as far as that can be known without creating one. */
export function whyNoCgroup(): string | undefined {
  const hierarchy = findHierarchy();
  if ('none' in hierarchy) return hierarchy.none;
  const { own } = hierarchy;
  try {
    for (const path of [own, join(own, 'cgroup.procs')]) accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return whyNot(error, own);
  }
}

/** Moves all threads of this process: 0 means the writer. */
const move = (folder: string): void => writeFileSync(join(folder, 'cgroup.procs'), '0');

/** Leaves the command's cgroup, or returns why that failed. It never throws, because the command is already running. */
function leave(own: string): string | undefined {
  try {
    move(own);
    return undefined;
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

/**
 * Calls `start`, which must start a process synchronously, so that the process starts inside a new cgroup, which no fork and
 * no new session can leave. To do so, this process enters the cgroup for a moment. It needs no helper process, which would
 * change the command's environment, and no part of the command ever runs outside. If there can be no cgroup, the command
 * starts without one, and the result says why.
 */
export function startInCgroup<Started>(tag: string, start: () => Started): { started: Started; cgroup: CommandCgroup } {
  const hierarchy = findHierarchy();
  if ('none' in hierarchy) return { started: start(), cgroup: none(hierarchy.none) };
  const { own } = hierarchy;
  let cgroup: ReturnType<typeof make> | undefined;
  try {
    cgroup = make(hierarchy, tag);
    move(cgroup.folder);
  } catch (error) {
    if (cgroup !== undefined) removeCgroup(cgroup.folder);
    return { started: start(), cgroup: none(whyNot(error, own)) };
  }
  let stuck: string | undefined;
  let started: Started;
  try {
    started = start();
  } finally {
    stuck = leave(own);
  }
  if (stuck === undefined) return { started, cgroup };
  // Do not report the cgroup: killing it as a whole would kill this process, too.
  return {
    started,
    cgroup: { ...cgroup, containment: { none: `this process could not leave its cgroup (${stuck})` } },
  };
}

/** Removes the cgroup and those nested in it, unless a process is left there. */
export function removeCgroup(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(join(folder, entry.name));
    }
    rmdirSync(folder);
  } catch (error) {
    if (!['EBUSY', 'ENOENT', 'EACCES', 'EPERM', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) throw error;
  }
}
