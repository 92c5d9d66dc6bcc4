import { accessSync, constants, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CgroupIdentity, Containment } from '../core/response/containment.ts';
import { findHierarchy, type Hierarchy } from './cgroup-hierarchy.ts';

/** Apart from every name that the kernel or systemd gives. */
const prefix = 'ripcord.';

/** What the cgroup of a tag's command is called, wherever it is. A tag may hold a slash, but no NUL. */
export const cgroupName = (tag: string): string => `${prefix}${encodeURIComponent(tag)}`;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

function whyNot(error: unknown, own: string): string {
  const code = codeOf(error);
  if (code === undefined) throw error;
  if (code === 'EROFS') return `cgroup v2 is mounted read-only (${code})`;
  if (code === 'EACCES' || code === 'EPERM')
    return `this user may not write to ${own}, which is not delegated (${code})`;
  return `no cgroup can be made in ${own} (${code})`;
}

const idOf = (folder: string): string => String(statSync(folder, { bigint: true }).ino);

export interface CommandCgroup {
  /** Undefined where there is none. */
  readonly folder: string | undefined;
  readonly containment: Containment;
}

const none = (why: string): CommandCgroup => ({ folder: undefined, containment: { none: why } });

const longEmpty = 60_000;

/** What others left: the kernel removes none that holds a process. A young one may be about to get its first. */
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
    if (codeOf(error) !== 'EEXIST') throw error; // the same tag again is the same attempt
  }
  const path = folder.slice(top === '/' ? 0 : top.length);
  const cgroup: CgroupIdentity = { path, id: idOf(folder), root: idOf(top) };
  return { folder, containment: { cgroup } };
}

/** Why a command started here would have no cgroup of its own, as far as that can be told without making one. */
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

/** All threads of this process: 0 is whoever writes it. */
const move = (folder: string): void => writeFileSync(join(folder, 'cgroup.procs'), '0');

/** Why it is still in the command's, if it is. The command has begun by now: nothing is thrown. */
function leave(own: string): string | undefined {
  try {
    move(own);
    return undefined;
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

/**
 * Calls `start`, which must start a process at once, so that the process is born in a cgroup of its own, from which no fork
 * and no new session escapes. For that we go there ourselves for the moment: no helper stands between, which would change
 * the command's environment, and nothing of the command runs outside for an instant. Where it cannot be done, the command
 * is started without, and why is told.
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
  // It is not ended as a whole any more, which would end us with it.
  return {
    started,
    cgroup: { ...cgroup, containment: { none: `this process could not leave its cgroup (${stuck})` } },
  };
}

/** Removes it with those that were made within, unless a process is left there. */
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
