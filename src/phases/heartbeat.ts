import type { Principal } from '../core/authority/roles.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { PhaseId, RunId } from '../core/kernel/ids.ts';
import { unsure } from '../core/run/blindness.ts';
import { rollbackUnderWay, type RunState } from '../core/run/state.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { HeldLease } from '../runs/hold-lease.ts';
import type { PhaseLeases } from './phase-leases.ts';
import type { Orders } from './reporter.ts';

export interface HeartbeatParts {
  readonly conductor: Pick<Conductor, 'state' | 'submit'>;
  /** This process's lease on the guard. */
  readonly lease: Pick<HeldLease, 'shown'>;
  readonly phaseLeases: PhaseLeases;
  readonly clock: Pick<Clock, 'now'>;
}

/** A phase may continue unless a rollback has begun or the run no longer includes this attempt. */
function ordersFor(state: RunState | undefined, phase: PhaseId, tag: string | undefined): Orders {
  const is = state?.phases.find((one) => one.phase === phase);
  if (is?.state !== 'running' && is?.state !== 'unknown') {
    return { goOn: false, because: `${phase} is ${is?.state ?? 'not part of an open run'}` };
  }
  if (tag !== undefined && is.supervisor?.tag !== tag) {
    return { goOn: false, because: `another attempt of ${phase} has begun since` };
  }
  const rollback = rollbackUnderWay(state);
  if (rollback !== undefined) return { goOn: false, because: `rollback ${rollback.id} has begun` };
  const warning = state === undefined ? undefined : unsure(state);
  return warning === undefined ? { goOn: true } : { goOn: true, warning };
}

/** Answers a heartbeat of a phase's wrapper and records its progress. */
export async function beat(
  { conductor, phaseLeases, lease, clock }: HeartbeatParts,
  run: RunId,
  phase: PhaseId,
  by: Principal,
  tag: string | undefined,
  fraction: number | undefined,
): Promise<Orders> {
  lease.shown(); // a process without the lease cannot decide what the phase may do
  const now = clock.now();
  const orders = ordersFor(conductor.state(), phase, tag);
  if (!orders.goOn) return orders;
  phaseLeases.seen(phase, now);
  if (fraction === undefined || !phaseLeases.worthRecording(phase, fraction, now)) return orders;
  const reported = await conductor.submit({ kind: 'phase-progress', phase, by, tag, fraction }, run);
  return 'refused' in reported ? { goOn: false, because: reported.refused.found } : orders;
}
