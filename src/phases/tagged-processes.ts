import type { ProcessIdentity } from '../core/response/events.ts';
import { readCgroup, readProcesses, type TaggedEntry, tagVariable } from '../system/procfs.ts';
import { cgroupName } from './command-cgroup.ts';
import { TagUnfit } from './errors.ts';
import { findCgroups, type Marks } from './find-cgroups.ts';
import { identityOf, isSame } from './process-identity.ts';

/** PostgreSQL cuts application_name at NAMEDATALEN - 1 = 63 bytes and replaces characters that are not printable ASCII. */
const fitting = /^[!-~]{1,63}$/;

/** Throws TagUnfit if PostgreSQL would alter the tag as a session's application_name. */
export function assertTag(tag: string): void {
  if (!fitting.test(tag)) throw new TagUnfit(tag);
}

/** Marks a command's processes, even after setsid, and its database sessions (libpq and most drivers read PGAPPNAME). */
export function taggedEnvironment(tag: string): Readonly<Record<string, string>> {
  assertTag(tag);
  return { [tagVariable]: tag, PGAPPNAME: tag };
}

/**
 * Every process that was started with this tag or is in the cgroup of its command, including those that left the group with
 * setsid, but never the caller or zombies. Without such a cgroup, processes are not found if they replaced their environment
 * or if only another user may read it.
 */
export const taggedProcesses = (tag: string): Promise<readonly ProcessIdentity[]> => taggedWithAny({ tags: [tag] });

/** Searches for several tags at once: the cost of each search grows with the number of processes. */
export const taggedWithAny = async (marks: Marks): Promise<readonly ProcessIdentity[]> =>
  (await workOf(marks)).processes;

/** Also returns the cgroup folders with processes that are invisible here, as in another pid namespace. */
export async function workOf(
  marks: Marks,
): Promise<{ readonly processes: readonly ProcessIdentity[]; readonly cgroups: readonly string[] }> {
  const { tags } = marks;
  tags.forEach(assertTag);
  if (tags.length === 0) return { processes: [], cgroups: [] };
  const found = await findCgroups(marks); // first: a process that ends before the process list is read does no harm
  const members = new Set(found.flatMap(({ pids }) => pids));
  const isWanted = ({ tag, zombie, pid }: TaggedEntry): boolean =>
    ((tag !== undefined && tags.includes(tag)) || members.has(pid)) && !zombie && pid !== process.pid;
  const hidden = found.filter(({ pids, populated }) => populated && pids.length === 0);
  return {
    processes: (await readProcesses()).filter(isWanted).map(identityOf),
    cgroups: hidden.map(({ folder }) => folder),
  };
}

/**
 * Whether exactly this process was started with the tag, is in the cgroup of its command, or shares its group with a process
 * that was. Otherwise, that is unknown. The cgroup's owner does not matter, because no user can move others' processes there.
 */
export async function isOfTag(child: ProcessIdentity, tag: string): Promise<boolean> {
  assertTag(tag);
  const all = await readProcesses();
  const holder = all.find(({ pid }) => pid === child.pid);
  if (holder !== undefined && !isSame(holder, child)) return false; // another process has the pid by now
  if (holder !== undefined && (await readCgroup(child.pid)).split('/').includes(cgroupName(tag))) return true;
  const isTagged = (entry: TaggedEntry): boolean => entry.tag === tag && !entry.zombie && entry.bootId === child.bootId;
  return all.some((entry) => isTagged(entry) && (entry.pid === child.pid || entry.group === child.pid));
}
