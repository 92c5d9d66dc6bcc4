import { hostname } from 'node:os';

import type { ProcessIdentity } from '../core/response/events.ts';
import type { Place } from '../core/response/place.ts';
import { currentBoot, readProcess } from '../system/procfs.ts';

/** Where this process runs. Throws ProcfsMissing where there is no /proc. */
export const thisPlace = (): Place => ({ host: hostname(), bootId: currentBoot() });

export const identityOf = ({ pid, startTicks, bootId }: ProcessIdentity): ProcessIdentity => ({
  pid,
  startTicks,
  bootId,
});

/** The kernel uses a pid again, but not with the same start within the same boot. */
export const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTicks === b.startTicks && a.bootId === b.bootId;

/** Who has this pid now; undefined when nobody has. Rejects with ProcfsMissing where there is no /proc. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const entry = await readProcess(pid);
  return entry && identityOf(entry);
}

/** Whether it is that very process and it has not ended; one that waits for its parent to take note has. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const entry = await readProcess(identity.pid);
  return entry !== undefined && !entry.zombie && isSame(entry, identity);
}
