import type { Boundary } from '../evidence/boundary.ts';
import { end, hold, type PhaseClock, release } from '../evidence/phase-clock.ts';
import type { PhaseId } from '../kernel/ids.ts';
import { type Instant, millis } from '../kernel/units.ts';
import type { Child } from '../response/events.ts';
import type { CancelOutcome, PhaseEvent, Supervisor } from './events.ts';

/** `unknown`: its wrapper was lost. `failed` and `unknown` phases may have changed anything. */
export const phaseStates = ['not-started', 'running', 'finished', 'failed', 'unknown', 'undone'] as const;

/** The processes of one attempt. */
export interface AttemptProcesses {
  readonly attempt: number;
  readonly supervisor: Supervisor;
  readonly child?: Child;
}

export interface PhaseState {
  readonly phase: PhaseId;
  readonly state: (typeof phaseStates)[number];
  readonly attempt: number;
  readonly clock?: PhaseClock;
  readonly supervisor?: Supervisor;
  readonly child?: Child;
  /** The earlier attempts: the processes that they started may still be running. */
  readonly earlier?: readonly AttemptProcesses[];
  readonly boundary?: Boundary;
  readonly troubled: readonly string[];
  readonly because?: string;
  /** No attempt since the boundary has started its command. */
  readonly neverBegan?: true;
  /** An earlier attempt may have changed something. */
  readonly retried?: true;
  /** The last statement of this attempt that the guard cancelled; without an outcome the cancellation is in progress. */
  readonly cancel?: { readonly at: Instant; readonly pid: number; readonly outcome?: CancelOutcome };
}

export const freshPhase = (phase: PhaseId): PhaseState => ({ phase, state: 'not-started', attempt: 0, troubled: [] });

/** Whether it may have changed the database. */
export const hasTouched = ({ state }: PhaseState): boolean => state !== 'not-started' && state !== 'undone';

export const touchedPhases = (phases: readonly PhaseState[]): readonly PhaseId[] =>
  phases.filter(hasTouched).map(({ phase }) => phase);

/** All recorded attempts, the latest last. */
export const attemptsOf = ({ attempt, supervisor, child, earlier = [] }: PhaseState): readonly AttemptProcesses[] =>
  supervisor === undefined ? earlier : [...earlier, { attempt, supervisor, ...(child !== undefined && { child }) }];

const kept = (phase: PhaseState): Pick<PhaseState, 'earlier'> => {
  const earlier = attemptsOf(phase);
  return earlier.length === 0 ? {} : { earlier };
};

function started(before: PhaseState, event: Extract<PhaseEvent, { type: 'phase-started' }>): PhaseState {
  const { phase, attempt, estimate, at, supervisor } = event;
  // A second attempt may start half-applied: a rollback must bring back the state before the first.
  const first = hasTouched(before) ? before : event;
  return {
    phase,
    state: 'running',
    attempt,
    clock: { estimate, startedAt: at, heldFor: millis(0) },
    supervisor,
    boundary: first.boundary ?? event.boundary,
    troubled: first.troubled,
    ...(hasTouched(before) && before.neverBegan !== true && { retried: true }),
    ...kept(before),
  };
}

const ended = (phase: PhaseState, state: PhaseState['state'], at: Instant, because?: string): PhaseState => ({
  ...phase,
  state,
  ...(phase.clock !== undefined && { clock: end(phase.clock, at) }),
  ...(because !== undefined && { because }),
});

export function evolvePhase(before: PhaseState, event: PhaseEvent): PhaseState {
  switch (event.type) {
    case 'phase-started':
      return started(before, event);
    case 'phase-spawned':
      return { ...before, child: event.child };
    case 'phase-progressed': {
      const { clock } = before;
      if (clock === undefined) return before;
      return { ...before, clock: { ...clock, progress: { fraction: event.fraction, at: event.at } } };
    }
    case 'phase-finished':
      return ended(before, 'finished', event.at);
    case 'phase-failed':
      return {
        ...ended(before, 'failed', event.at, event.because),
        ...(event.neverBegan === true && before.retried !== true && { neverBegan: true }),
      };
    case 'phase-lost':
      return ended(before, 'unknown', event.at, 'its wrapper was lost');
    case 'phase-undone':
      return { phase: before.phase, state: 'undone', attempt: before.attempt, troubled: [], ...kept(before) };
    case 'phase-cancel-started':
      return { ...before, cancel: { at: event.at, pid: event.pid } };
    case 'phase-cancel-done':
      return before.cancel === undefined ? before : { ...before, cancel: { ...before.cancel, outcome: event.outcome } };
  }
}

/** Holding the run stops the clock of the running phase. */
export const holdPhase = (phase: PhaseState, at: Instant): PhaseState =>
  phase.clock === undefined ? phase : { ...phase, clock: hold(phase.clock, at) };
export const releasePhase = (phase: PhaseState, at: Instant): PhaseState =>
  phase.clock === undefined ? phase : { ...phase, clock: release(phase.clock, at) };

export const runningPhase = (phases: readonly PhaseState[]): PhaseState | undefined =>
  phases.find(({ state }) => state === 'running');

/** The phase that was started last, of those that may have changed something. */
export const latestPhase = (phases: readonly PhaseState[]): PhaseState | undefined => phases.findLast(hasTouched);
