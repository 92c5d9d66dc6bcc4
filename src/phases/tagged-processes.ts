import type { ProcessIdentity } from '../core/response/events.ts';
import { TagUnfit } from './errors.ts';
import { identityOf, isSame } from './process-identity.ts';
import { readProcesses, type TaggedEntry, tagVariable } from './procfs.ts';

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
 * Every process that was started with this tag, also those that left the group by setsid; never the caller. Not found are
 * those that replaced their environment, or whose environment only another user may read; zombies are not counted.
 */
export const taggedProcesses = (tag: string): Promise<readonly ProcessIdentity[]> => taggedWithAny([tag]);

/** The same for several tags, by one look at the machine: each costs as much as there are processes. */
export async function taggedWithAny(tags: readonly string[]): Promise<readonly ProcessIdentity[]> {
  tags.forEach(assertTag);
  if (tags.length === 0) return [];
  const isWanted = ({ tag, zombie, pid }: TaggedEntry): boolean =>
    tag !== undefined && tags.includes(tag) && !zombie && pid !== process.pid;
  return (await readProcesses()).filter(isWanted).map(identityOf);
}

/** Whether it is that very process and was started with the tag, or its group holds one that was. Else nobody can tell. */
export async function isOfTag(child: ProcessIdentity, tag: string): Promise<boolean> {
  assertTag(tag);
  const all = await readProcesses();
  const holder = all.find(({ pid }) => pid === child.pid);
  if (holder !== undefined && !isSame(holder, child)) return false; // the pid is somebody else's by now
  const isTagged = (entry: TaggedEntry): boolean => entry.tag === tag && !entry.zombie && entry.bootId === child.bootId;
  return all.some((entry) => isTagged(entry) && (entry.pid === child.pid || entry.group === child.pid));
}
