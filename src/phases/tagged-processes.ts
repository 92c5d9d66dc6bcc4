import type { ProcessIdentity } from '../core/response/events.ts';
import { readCgroup, readProcesses, type TaggedEntry, tagVariable } from '../system/procfs.ts';
import { cgroupName } from './command-cgroup.ts';
import { TagUnfit } from './errors.ts';
import { findCgroups, type Marks } from './find-cgroups.ts';
import { identityOf, isSame } from './process-identity.ts';

/** PostgreSQL cuts application_name at NAMEDATALEN - 1 = 63 bytes and alters what is not printable ASCII. */
const fitting = /^[!-~]{1,63}$/;

/** Throws TagUnfit when the tag could not be found again as the name of a database session. */
export function assertTag(tag: string): void {
  if (!fitting.test(tag)) throw new TagUnfit(tag);
}

/** Marks a command's processes, however far they move, and its database sessions (libpq and most drivers read PGAPPNAME). */
export function taggedEnvironment(tag: string): Readonly<Record<string, string>> {
  assertTag(tag);
  return { [tagVariable]: tag, PGAPPNAME: tag };
}

/**
 * Every process that was started with this tag, or lives in the cgroup of its command; also those that left the group by
 * setsid; never the caller. Where there is no such cgroup, those are not found that replaced their environment, or whose
 * environment only another user may read. Zombies are not counted.
 */
export const taggedProcesses = (tag: string): Promise<readonly ProcessIdentity[]> => taggedWithAny({ tags: [tag] });

/** The same for several tags, by one look at the machine: each costs as much as there are processes. */
export const taggedWithAny = async (marks: Marks): Promise<readonly ProcessIdentity[]> =>
  (await workOf(marks)).processes;

/** With the folders of cgroups that hold somebody whom we do not see, as in a pid namespace beside ours. */
export async function workOf(
  marks: Marks,
): Promise<{ readonly processes: readonly ProcessIdentity[]; readonly cgroups: readonly string[] }> {
  const { tags } = marks;
  tags.forEach(assertTag);
  if (tags.length === 0) return { processes: [], cgroups: [] };
  const found = await findCgroups(marks); // first: who is there and gone when we look at processes is no trouble
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
 * Whether it is that very process and was started with the tag, lives in the cgroup of its command, or its group holds one
 * that was started so. Else nobody can tell. Who made the cgroup does not matter: nobody can put others' processes there.
 */
export async function isOfTag(child: ProcessIdentity, tag: string): Promise<boolean> {
  assertTag(tag);
  const all = await readProcesses();
  const holder = all.find(({ pid }) => pid === child.pid);
  if (holder !== undefined && !isSame(holder, child)) return false; // the pid is somebody else's by now
  if (holder !== undefined && (await readCgroup(child.pid)).split('/').includes(cgroupName(tag))) return true;
  const isTagged = (entry: TaggedEntry): boolean => entry.tag === tag && !entry.zombie && entry.bootId === child.bootId;
  return all.some((entry) => isTagged(entry) && (entry.pid === child.pid || entry.group === child.pid));
}
