import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Clock } from '../core/kernel/clock.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { after, millis, seconds } from '../core/kernel/units.ts';
import { attemptTags } from '../core/run/phase-tags.ts';
import { attemptsOf } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import type { GuardedTarget } from '../target/guarded-target.ts';
import { cgroupsOf, whatIsLeft } from './stop-work.ts';

/** A session may outlive its process for a moment. */
const patience = seconds(3);
const betweenTries = millis(100);

/** Refuses a new attempt while anything of an earlier one runs: a command can outlive its wrapper. */
export async function refuseBesideEarlier(
  state: RunState,
  phase: PhaseId,
  { connections, clock }: { readonly connections: Pick<GuardedTarget, 'control' | 'identity'>; readonly clock: Clock },
): Promise<Refusal | undefined> {
  const before = state.phases.find((one) => one.phase === phase);
  const tags = before === undefined ? [] : attemptTags(state, before);
  if (tags.length === 0) return undefined;
  const end = after(clock.now(), patience);
  const cgroups = cgroupsOf((before === undefined ? [] : attemptsOf(before)).map(({ child }) => child));
  const findLeft = () =>
    whatIsLeft(
      { groups: [], tags, cgroups },
      { database: connections.identity.database, connection: connections.control },
    );
  let left = await findLeft();
  while (left.length > 0 && clock.now() < end) {
    await clock.wait(betweenTries);
    left = await findLeft();
  }
  if (left.length === 0) return undefined;
  return refuse(
    'still-at-work',
    `an earlier attempt of ${phase} is still running: ${left.join('; ')}`,
    'no process or session of it, so that two attempts never run side by side',
    'Wait until it ends, or end it: kill PID for a process, select pg_terminate_backend(PID) for a session',
  );
}
