import { type Authority, noAuthority } from '../authority/state.ts';
import type { Baseline } from '../evidence/baseline.ts';
import type { Finding } from '../evidence/finding.ts';
import type { PhaseClock } from '../evidence/phase-clock.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import type { CheckId, Hash, PrincipalId, RollbackId, RunId, Sense } from '../kernel/ids.ts';
import { type Instant, type Millis, millis } from '../kernel/units.ts';
import type { Fence } from '../response/fence.ts';
import type { Recommendation } from '../response/recommendation.ts';
import { isUnderWay, type Rollback } from '../response/rollback.ts';
import type { Script } from '../response/scripts.ts';
import type { Watch } from '../watch/watch.ts';
import type { LifecycleEvent } from './events.ts';
import { freshPhase, type PhaseState } from './phases.ts';
import type { Standings } from './standing.ts';

/** Everything that is known about a run: the fold of its events, and nothing else. */
export interface RunState {
  readonly run: RunId;
  /** How many events have been folded in: the place at which the next one is appended. */
  readonly seq: number;
  /** When the last of them happened, by the clock of then. */
  readonly lastAt: Instant;
  /** The newest moment that was known when the clock was found set back: readings up to it are from before that. */
  readonly setBackFrom?: Instant;
  readonly plan: { readonly name: string; readonly hash: Hash };
  readonly environment: string;
  readonly target: TargetIdentity;
  readonly openedAt: Instant;
  readonly closed?: { readonly at: Instant; readonly by: PrincipalId; readonly reason: string };
  /** The whole run's clock: it starts with the first phase. */
  readonly clock?: PhaseClock;
  readonly estimate: Millis;
  readonly capture?: { readonly since: Instant; readonly length: Millis };
  readonly baseline?: { readonly baseline: Baseline; readonly hash: Hash; readonly frozenAt: Instant };
  readonly held?: { readonly by: PrincipalId; readonly reason: string; readonly at: Instant };
  readonly blind?: { readonly since: Instant; readonly probes: readonly Sense[] };
  /** Since when nothing was blind or down, where something was: what was not looked at was not seen well. */
  readonly seeingSince?: Instant;
  readonly phases: readonly PhaseState[];
  readonly authority: Authority;
  /** The last change of each verdict, by criterion and subject. */
  readonly verdicts: Standings;
  readonly findings: ReadonlyMap<CheckId, Finding>;
  readonly recommendations: readonly Recommendation[];
  /** What the files hold that the procedures' commands name. */
  readonly scripts?: readonly Script[];
  readonly rollback?: Rollback;
  /** Stands from a rollback's beginning until the phases' role may log in again. */
  readonly fence?: Fence;
  /** From a rollback until a phase starts again. */
  readonly afterRollback?: true;
  /** The last rollback given up after it had begun, until one is done or a phase starts: its rung has not held. */
  readonly cutShort?: Rollback;
  /** The last restore among them, until a phase starts: no other is proposed, whatever lower rung is tried after it. */
  readonly restoreFell?: RollbackId;
  readonly watch?: Watch;
}

export function openRun(event: Extract<LifecycleEvent, { type: 'run-opened' }>): RunState {
  const { run, plan, environment, target, at, estimate } = event;
  return {
    run,
    seq: 1,
    lastAt: at,
    plan,
    environment,
    target,
    openedAt: at,
    estimate,
    phases: event.phases.map(freshPhase),
    authority: noAuthority,
    verdicts: new Map(),
    findings: new Map(),
    recommendations: [],
  };
}

/**
 * How far the guard may go: it only observes until a baseline is frozen, then recommends, and acts by itself only while
 * armed by a person.
 */
export function modeOf({ baseline, authority }: RunState, now: Instant): 'observe' | 'recommend' | 'armed' {
  if (baseline === undefined) return 'observe';
  return authority.armed !== undefined && authority.armed.until > now ? 'armed' : 'recommend';
}

export type Stage = 'open' | 'held' | 'recommending' | 'rolling-back' | 'blocked' | 'watching' | 'settled' | 'closed';

/** Where the run stands, in one word. */
export function stageOf(state: RunState): Stage {
  const { rollback, watch } = state;
  if (state.closed !== undefined) return 'closed';
  if (isUnderWay(rollback)) {
    const asking = rollback.state === 'blocked' || rollback.steps.some((step) => step.state === 'asking');
    return asking ? 'blocked' : 'rolling-back';
  }
  if (watch?.state === 'watching') return 'watching';
  if (state.recommendations.some((one) => one.state === 'open')) return 'recommending';
  if (watch?.state === 'settled' && state.afterRollback === true) return 'settled';
  return state.held === undefined ? 'open' : 'held';
}

export const startClock = (estimate: Millis, at: Instant): PhaseClock => ({
  estimate,
  startedAt: at,
  heldFor: millis(0),
});
