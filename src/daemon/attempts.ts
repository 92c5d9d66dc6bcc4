import { refuse, type Refusal } from '../core/authority/refusal.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { hashOf } from '../core/kernel/hash.ts';
import type { PhaseId } from '../core/kernel/ids.ts';
import { after, millis, seconds } from '../core/kernel/units.ts';
import type { PhaseState } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { whatIsLeft } from '../rollback/stop-work.ts';
import type { TargetDesk } from './target-desk.ts';

type Run = Pick<RunState, 'run' | 'openedAt' | 'target'>;

/**
 * Names a phase's attempt in its processes' environment and its sessions; fits 63 bytes. Guards of two targets may have
 * opened runs of the same name in the same second on one host: neither may take the other's work for its own.
 */
export function phaseTag({ run, openedAt, target }: Run, phase: PhaseId, attempt: number): string {
  const { system, database } = target;
  return `ripcord-phase-${hashOf([run, openedAt, system, database, phase, attempt]).slice(7, 31)}`;
}

/** Of every attempt so far: an earlier one may be at work though a later one was let begin, as on another host. */
export const attemptTags = (state: Run, { phase, attempt }: PhaseState): readonly string[] =>
  Array.from({ length: attempt }, (_, before) => phaseTag(state, phase, before + 1));

/** A session ends a moment after its process. */
const patience = seconds(3);
const betweenLooks = millis(100);

/** Refuses an attempt of a phase while anything of an earlier one is there: its wrapper may be gone, and its command not. */
export async function refuseBesideEarlier(
  state: RunState,
  phase: PhaseId,
  { desk, clock }: { readonly desk: Pick<TargetDesk, 'control' | 'identity'>; readonly clock: Clock },
): Promise<Refusal | undefined> {
  const before = state.phases.find((one) => one.phase === phase);
  const tags = before === undefined ? [] : attemptTags(state, before);
  if (tags.length === 0) return undefined;
  const end = after(clock.now(), patience);
  const look = () => whatIsLeft({ groups: [], tags }, { database: desk.identity.database, connection: desk.control });
  let left = await look();
  while (left.length > 0 && clock.now() < end) {
    await clock.wait(betweenLooks);
    left = await look();
  }
  if (left.length === 0) return undefined;
  return refuse(
    'still-at-work',
    `an earlier attempt of ${phase} is still at work: ${left.join('; ')}`,
    'nothing of it left, so that two do not work side by side',
    'Wait for its end, or end it: kill PID for a process, select pg_terminate_backend(PID) for a session',
  );
}
