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

/** A child that was just started may still be in its exec and have no readable environment. */
const patience = millis(300);
const betweenLooks = millis(50);

/**
 * Refuses a process on this host that does not have the attempt's tag: a rollback ends the processes that were reported, and
 * must not end a stranger. It also refuses a process that has ended or whose environment is not readable; a rollback finds
 * what is left of it by tag or by session. Processes of other hosts are invisible here, and a rollback does not touch them.
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
        `a process that runs on this host with RIPCORD_TAG=${supervisor.tag}`,
        'Start the command with `ripcord phase`; a rollback finds unreported processes by their tag',
      );
    }
    await clock.wait(betweenLooks);
  }
  return undefined;
}

/** Verifies a process before recording it, unless the run would refuse the report anyway. */
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
  // Submit the tag: another attempt may have begun during the verification.
  return stranger === undefined ? conductor.submit({ ...input, tag }, run) : { refused: stranger };
}
