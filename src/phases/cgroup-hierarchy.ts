import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The cgroup v2 file system as this process sees it, or why it sees none. */
export interface Hierarchy {
  /** The folder of the topmost cgroup. */
  readonly top: string;
  /** The folder of this process's cgroup. */
  readonly own: string;
}
export type NoHierarchy = { readonly none: string };

interface Mount {
  /** The cgroup that the mount shows as its root. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly writable: boolean;
}

/** Decodes octal escapes such as `\040` for a space, see proc_pid_mountinfo(5). */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));

function parseMount(line: string): Mount {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root = '', point = '', options = ''] = before.split(' ');
  return {
    root: unescaped(root),
    point: unescaped(point),
    type: after.split(' ')[0] ?? '',
    writable: options.split(',').includes('rw'),
  };
}

/** The path relative to `root`; undefined if it is not below `root`. */
function below(root: string, path: string): string | undefined {
  if (path.startsWith('/..')) return undefined; // outside of our cgroup namespace
  if (root === '/') return path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

/** Why there is no cgroup v2. The proof that work has stopped quotes this text. */
function whyNone(mounts: readonly Mount[]): string {
  if (mounts.some(({ type }) => type === 'cgroup2'))
    return 'the cgroup of this process is outside the mounted hierarchy';
  return mounts.some(({ type }) => type === 'cgroup') ? 'only cgroup v1 is mounted' : 'no cgroup v2 is mounted';
}

/** Finds the hierarchy in the contents of `/proc/self/mountinfo` and `/proc/self/cgroup`. */
export function hierarchyIn(mountinfo: string, cgroups: string): Hierarchy | NoHierarchy {
  const mounts = mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map(parseMount);
  const path = /^0::(\/.*)$/m.exec(cgroups)?.[1];
  const fitting = mounts.flatMap(({ root, point, type, writable }) => {
    const rest = type === 'cgroup2' && path !== undefined ? below(root, path) : undefined;
    return rest === undefined ? [] : [{ writable, top: point, own: rest === '/' ? point : join(point, rest) }];
  });
  const found = fitting.find(({ writable }) => writable) ?? fitting[0];
  return found === undefined ? { none: whyNone(mounts) } : { top: found.top, own: found.own };
}

/** Reads the files at each call, because a process may be moved. */
export function findHierarchy(): Hierarchy | NoHierarchy {
  try {
    return hierarchyIn(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return { none: `the mounts of this process cannot be read (${error.message})` };
  }
}
