import { refuse, type Refusal } from '../../authority/refusal.ts';
import type { Fault } from '../../evidence/finding.ts';
import { sayDuration } from '../../kernel/duration.ts';
import { between, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { unsure } from '../blindness.ts';
import { type Decision, no, nothing, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import type { CancelInput } from '../input.ts';
import { type PhaseState, runningPhase } from '../phases.ts';
import { modeOf, rollbackUnderWay, type RunState } from '../state.ts';

/** Why the guard must not cancel a statement now; undefined if it may. */
function refuseCancel(
  plan: Plan,
  state: RunState,
  running: PhaseState | undefined,
  { causedBy, lasting }: Fault,
  now: Instant,
): Refusal | undefined {
  const tuned = plan.catalogue['lock-queue'];
  if (tuned === 'off' || !tuned.cancel_phase)
    return refuse(
      'not-planned',
      'the plan does not let the guard cancel statements of a phase',
      'catalogue.lock-queue.cancel_phase: true',
      'End the statement by hand, or wait',
    );
  if (causedBy?.ofPhase !== true)
    return refuse(
      'not-the-phases',
      'the session at the head of the queue is not the phase’s',
      'the phase’s own session',
      'Look at who that is, and end the statement by hand',
    );
  if (modeOf(state, now) !== 'armed')
    return refuse(
      'not-armed',
      'the run is not armed',
      'an armed run',
      'End the statement by hand, or arm the run: ripcord run arm',
    );
  const doubt = unsure(state);
  if (doubt !== undefined)
    return refuse('unsure', doubt, 'the right target, and no other guard', 'End the statement by hand, or wait');
  if (rollbackUnderWay(state) !== undefined)
    return refuse(
      'rolling-back',
      'a rollback is under way',
      'no rollback under way',
      'The rollback itself ends the phases’ sessions',
    );
  if (running === undefined)
    return refuse(
      'no-phase',
      'no phase is running',
      'a running phase',
      'Find out whose session it is, and end it by hand',
    );
  const { cancel } = running;
  if (cancel === undefined) return undefined;
  const patience = Math.max(lasting ?? 0, tuned.lasting);
  if (between(cancel.at, now) < patience)
    return refuse(
      'just-cancelled',
      `a statement of the phase was cancelled ${sayDuration(between(cancel.at, now))} ago`,
      'time for the queue to pass',
      'Wait: a queue that lasts becomes a recommendation',
    );
  return undefined;
}

/**
 * Whether to cancel the statement that the running phase is waiting with while other sessions queue behind it. This is the
 * mildest response and precedes any recommendation. A queue that persists afterwards becomes a breach like any other.
 */
export function decideCancel(plan: Plan, state: RunState, input: CancelInput, now: Instant): Decision {
  if (input.kind === 'phase-cancelled') {
    const { phase, outcome, said } = input;
    const cancel = state.phases.find((one) => one.phase === phase)?.cancel;
    if (cancel === undefined || cancel.outcome !== undefined) return nothing; // a restart has already recorded the outcome
    const told = said === undefined ? {} : { said };
    return record({ type: 'phase-cancel-done', v: 1, at: now, phase, pid: cancel.pid, outcome, ...told });
  }
  const { fault } = input;
  const running = runningPhase(state.phases);
  const denied = refuseCancel(plan, state, running, fault, now);
  if (denied !== undefined) return no(denied);
  if (running === undefined || fault.causedBy === undefined) return nothing;
  const { pid } = fault.causedBy;
  const { object, what } = fault;
  // An outcome that is this late was never written, or never observed.
  const lost = cancelsWithoutOutcome(state, now);
  return record(...lost, { type: 'phase-cancel-started', v: 1, at: now, phase: running.phase, pid, object, what });
}

/** The daemon died between intent and outcome. Cancelling is repeatable: a session that still heads a queue is found again. */
export const cancelsWithoutOutcome = ({ phases }: RunState, now: Instant): readonly RunEvent[] =>
  phases.flatMap(({ phase, cancel }): readonly RunEvent[] =>
    cancel === undefined || cancel.outcome !== undefined
      ? []
      : [{ type: 'phase-cancel-done', v: 1, at: now, phase, pid: cancel.pid, outcome: 'unknown' }],
  );
