import { hostname } from 'node:os';

import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { RunId } from '../core/kernel/ids.ts';
import { after, millis } from '../core/kernel/units.ts';
import type { ProcessIdentity } from '../core/response/events.ts';
import type { Decision } from '../core/run/decision.ts';
import type { Input } from '../core/run/input.ts';
import type { PhaseState } from '../core/run/phases.ts';
import type { Conductor } from '../runs/conductor.ts';
import { isSame } from './process-identity.ts';
import { isOfTag } from './tagged-processes.ts';

/** A child that was told of at its start may be in the midst of its exec, without an environment to show. */
const patience = millis(300);
const betweenLooks = millis(50);

/**
 * Refuses a process on this host that does not bear the attempt's tag: a rollback ends what it was told of, and must not
 * end a stranger. Also refused is one that has ended or whose environment we may not read; what is left of it is found by
 * its tag, or by its sessions. What another host's process is, we cannot see, and a rollback does not touch it.
 */
async function refuseStrangerProcess(
  { phase, supervisor, child: known }: PhaseState,
  child: ProcessIdentity,
  clock: Clock,
): Promise<Refusal | undefined> {
  if (supervisor === undefined || supervisor.host !== hostname()) return undefined;
  if (known !== undefined && isSame(known, child)) return undefined;
  const end = after(clock.now(), patience);
  while (!(await isOfTag(child, supervisor.tag))) {
    if (clock.now() >= end) {
      return refuse(
        'not-the-phase',
        `process ${child.pid} does not show the tag of ${phase} in its environment`,
        `a process that runs on this host and bears RIPCORD_TAG=${supervisor.tag}`,
        'Start the command with `ripcord phase`; a rollback finds by their tag the processes that it is not told of',
      );
    }
    await clock.wait(betweenLooks);
  }
  return undefined;
}

/** A process is looked at before it is recorded; a report that is refused anyway is not worth the look. */
export async function recordChild(
  { conductor, clock }: { readonly conductor: Pick<Conductor, 'state' | 'submit'>; readonly clock: Clock },
  run: RunId,
  input: Extract<Input, { readonly kind: 'phase-spawned' }>,
): Promise<Decision> {
  const is = conductor.state()?.phases.find(({ phase }) => phase === input.phase);
  const tag = input.tag ?? is?.supervisor?.tag;
  const isDue = is?.state === 'running' || is?.state === 'unknown';
  if (is === undefined || !isDue || is.supervisor?.tag !== tag) return conductor.submit(input, run);
  const stranger = await refuseStrangerProcess(is, input.child, clock);
  // With the tag: another attempt may have begun while we looked.
  return stranger === undefined ? conductor.submit({ ...input, tag }, run) : { refused: stranger };
}
