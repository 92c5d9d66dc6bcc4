import type { Clock } from '../core/kernel/clock.ts';
import { after, type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { ProcessIdentity } from '../core/response/events.ts';
import { readProcesses, type TaggedEntry } from '../system/procfs.ts';
import { removeCgroup } from './command-cgroup.ts';
import { StillRunning } from './errors.ts';
import { type FoundCgroup, findCgroups, killCgroup, type Marks } from './find-cgroups.ts';
import { isSame } from './process-identity.ts';

/** Which processes to end, and how. */
export interface Ending extends Marks {
  /** Leaders of process groups. They may have ended already. */
  readonly groups: readonly ProcessIdentity[];
  /** The time between SIGTERM and SIGKILL; 0 sends SIGKILL at once. */
  readonly grace: Millis;
  readonly clock: Clock;
  /** Pids to leave alone, in addition to the caller. */
  readonly spare?: readonly number[];
}

interface Ours {
  readonly processes: readonly TaggedEntry[];
  /** Groups that may be signalled as a whole, so that no fork escapes. */
  readonly groups: readonly number[];
  /** Folders of populated cgroups that may be killed as a whole, so that nothing inside escapes. */
  readonly cgroups: readonly string[];
}

const betweenLooks = millis(20);
/** A killed process ends at once, unless the kernel blocks it or it belongs to another user. */
const untilGivenUp = seconds(5);

const keyOf = ({ pid, startTicks }: TaggedEntry): string => `${pid} ${startTicks}`;

/**
 * A group is ours while its leader is exactly the recorded process, alive or not yet reaped, or while a member has our tag or
 * was ours before. The kernel does not reuse a group's number while it has a member. Otherwise, the number may already
 * belong to a stranger. `seen`: the keys of processes that were ours in earlier searches.
 */
function proveOurs(
  all: readonly TaggedEntry[],
  cgroups: readonly FoundCgroup[],
  { groups, tags, spare = [] }: Ending,
  seen: ReadonlySet<string>,
): Ours {
  const members = new Set(cgroups.flatMap(({ pids }) => pids));
  const isTagged = ({ tag }: TaggedEntry): boolean => tag !== undefined && tags.includes(tag);
  const wasOurs = (entry: TaggedEntry): boolean => seen.has(keyOf(entry));
  const leaders = groups.filter((leader) =>
    all.some((entry) => isSame(entry, leader) || (entry.group === leader.pid && (isTagged(entry) || wasOurs(entry)))),
  );
  const proved = new Set(leaders.map(({ pid }) => pid));
  const isSpared = ({ pid }: TaggedEntry): boolean => pid === process.pid || spare.includes(pid);
  const isOurs = (entry: TaggedEntry): boolean =>
    proved.has(entry.group) ||
    isTagged(entry) ||
    members.has(entry.pid) ||
    groups.some((leader) => isSame(entry, leader));
  const sparedGroups = new Set(all.filter(isSpared).map(({ group }) => group));
  return {
    processes: all.filter((entry) => isOurs(entry) && !entry.zombie && !isSpared(entry)),
    groups: [...proved].filter((group) => group > 1 && !sparedGroups.has(group)),
    cgroups: cgroups
      .filter(({ pids, populated }) => populated && ![process.pid, ...spare].some((pid) => pids.includes(pid)))
      .map(({ folder }) => folder),
  };
}

/** Ignores processes that have ended, and those of other users: StillRunning names them if they stay. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function signalAll({ processes, groups }: Ours, name: NodeJS.Signals): void {
  for (const group of groups) signal(-group, name);
  for (const { pid, group } of processes) if (!groups.includes(group)) signal(pid, name);
}

/** Kills cgroups first, so that forks during the kill do not escape. */
async function killAll(ours: Ours): Promise<void> {
  for (const folder of ours.cgroups) await killCgroup(folder, (pid) => signal(pid, 'SIGKILL'));
  signalAll(ours, 'SIGKILL');
}

const isEmpty = ({ processes, cgroups }: Ours): boolean => processes.length === 0 && cgroups.length === 0;

/** Returns what is left after `length`, if anything. Only two empty searches are proof: a fork can escape a single one. */
async function untilGone(
  look: () => Promise<Ours>,
  { clock, length }: { readonly clock: Clock; readonly length: Millis },
  onLeft: (left: Ours) => void | Promise<void>,
): Promise<Ours | undefined> {
  const end = after(clock.now(), length);
  for (let empty = 0; ;) {
    const left = await look();
    empty = isEmpty(left) ? empty + 1 : 0;
    if (empty === 2) return undefined;
    if (empty === 0) {
      if (clock.now() >= end) return left;
      await onLeft(left);
    }
    await clock.wait(betweenLooks);
  }
}

/**
 * Ends the groups and every process that has one of the tags or is in a cgroup of one, with SIGTERM, the grace period, then
 * SIGKILL. Returns how many it saw, and proves that none is left. Processes that appear during the grace period, such as a
 * cleanup trap, get the rest of it. Rejects with StillRunning if some are still there 5 s after SIGKILL.
 */
export async function endProcesses(ending: Ending): Promise<{ readonly ended: number }> {
  const { grace, clock } = ending;
  const seen = new Set<string>();
  const look = async (): Promise<Ours> => {
    const all = await readProcesses();
    const ours = proveOurs(all, await findCgroups(ending), ending, seen); // read last: they are signalled at once
    for (const entry of ours.processes) seen.add(keyOf(entry));
    return ours;
  };
  const ended = async () => {
    for (const { folder } of await findCgroups(ending)) removeCgroup(folder); // their creator may be gone
    return { ended: seen.size };
  };
  if (grace > 0) {
    let told = false;
    const left = await untilGone(look, { clock, length: grace }, (ours) => {
      if (told) return;
      told = true;
      signalAll(ours, 'SIGTERM');
      signalAll(ours, 'SIGCONT'); // a stopped process could not react to SIGTERM
    });
    if (left === undefined) return ended();
  }
  const left = await untilGone(look, { clock, length: untilGivenUp }, killAll);
  if (left !== undefined) throw new StillRunning(left.processes, left.cgroups);
  return ended();
}
