import { hostname } from 'node:os';

import type { ProcessIdentity } from '../core/response/events.ts';
import type { Place } from '../core/response/place.ts';
import { currentBoot, readProcess } from '../system/procfs.ts';

/** Where this process runs. Throws ProcfsMissing if there is no /proc. */
export const thisPlace = (): Place => ({ host: hostname(), bootId: currentBoot() });

export const identityOf = ({ pid, startTicks, bootId }: ProcessIdentity): ProcessIdentity => ({
  pid,
  startTicks,
  bootId,
});

/** The kernel reuses pids, but never with the same start time within one boot. */
export const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;

/** The process that has this pid now; undefined if there is none. Rejects with ProcfsMissing if there is no /proc. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const entry = await readProcess(pid);
  return entry && identityOf(entry);
}

/** Whether exactly this process is still running. A zombie is not. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const entry = await readProcess(identity.pid);
  return entry !== undefined && !entry.zombie && isSame(entry, identity);
}
