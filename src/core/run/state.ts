import { type Authority, noAuthority } from '../authority/state.ts';
import type { Baseline } from '../evidence/baseline.ts';
import type { Finding } from '../evidence/finding.ts';
import type { PhaseClock } from '../evidence/phase-clock.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import {
  type CheckId,
  type Hash,
  type PrincipalId,
  type QuestionId,
  type RunId,
  type Sense,
  type StepId,
  type UndoRevision,
  undoRevision,
} from '../kernel/ids.ts';
import type { UptimeMark } from '../kernel/clock.ts';
import { type Instant, type Millis, millis } from '../kernel/units.ts';
import type { RecordedPlan } from '../plan/recorded.ts';
import type { Fence } from '../response/fence.ts';
import type { Recommendation } from '../response/recommendation.ts';
import type { Rollback } from '../response/rollback.ts';
import type { Script } from '../response/scripts.ts';
import type { LifecycleEvent } from './events.ts';
import { freshPhase, type PhaseState } from './phases.ts';
import { noResponse, type ResponseState, rollbackIn } from './response.ts';
import type { Standings } from './standing.ts';

/** A word of somebody that no phase shall start. */
export interface Hold {
  readonly by: PrincipalId;
  readonly reason: string;
  readonly at: Instant;
}

/** Everything that is known about a run: the fold of its events, and nothing else. */
export interface RunState {
  readonly run: RunId;
  /** How many events have been folded in: the place at which the next one is appended. */
  readonly seq: number;
  /** The newest moment among them, since the clock was last found set back if it was. */
  readonly lastAt: Instant;
  /** Tells, together with the machine's uptime, how long the guard was away. */
  readonly uptime?: UptimeMark;
  /** The newest moment that was known when the clock was found set back: readings up to it are from before that. */
  readonly setBackFrom?: Instant;
  readonly plan: {
    readonly name: string;
    readonly hash: Hash;
    /** The plan that it took the place of during this run: somebody may still have that one in mind. */
    readonly before?: { readonly hash: Hash; readonly until: Instant };
  };
  /** The text that `plan` names; absent only between the first two events of a run. */
  readonly recordedPlan?: RecordedPlan;
  readonly environment: string;
  readonly target: TargetIdentity;
  /** What became of the target that nobody has confirmed yet: until then nothing is done without asking. */
  readonly targetChange?: {
    readonly kind: 'failover' | 'replaced';
    readonly questionId: QuestionId;
    readonly at: Instant;
    readonly from: TargetIdentity;
    readonly to: TargetIdentity;
  };
  readonly openedAt: Instant;
  readonly closed?: { readonly at: Instant; readonly by: PrincipalId; readonly reason: string };
  /** The whole run's clock: it starts with the first phase. */
  readonly clock?: PhaseClock;
  readonly estimate: Millis;
  readonly capture?: { readonly since: Instant; readonly length: Millis };
  readonly baseline?: { readonly baseline: Baseline; readonly hash: Hash; readonly frozenAt: Instant };
  readonly held?: Hold & {
    /** Of the newest hold: what a word that ends them all is bound to. */
    readonly questionId: QuestionId;
    /** Those before it that stand, too. */
    readonly also?: readonly Hold[];
  };
  readonly blind?: { readonly since: Instant; readonly probes: readonly Sense[] };
  /** Since when nothing was blind or down, where something was: what was not looked at was not seen well. */
  readonly seeingSince?: Instant;
  readonly phases: readonly PhaseState[];
  readonly authority: Authority;
  /** What an order to roll back is bound to. */
  readonly undoRevision: UndoRevision;
  /** The last change of each verdict, by criterion and subject. */
  readonly verdicts: Standings;
  readonly findings: ReadonlyMap<CheckId, Finding>;
  readonly recommendations: readonly Recommendation[];
  /** What the files hold that the procedures' commands name. */
  readonly scripts?: readonly Script[];
  /** How often each has asked in this run, over all of its rollbacks; `stop-work` and `target` are among them. */
  readonly timesAsked: ReadonlyMap<StepId, number>;
  readonly response: ResponseState;
  /** Stands from a rollback's beginning until the phases' role may log in again. */
  readonly fence?: Fence;
}

export function openRun(event: Extract<LifecycleEvent, { type: 'run-opened' }>): RunState {
  const { run, plan, environment, target, at, estimate } = event;
  return {
    run,
    seq: 1,
    lastAt: at,
    ...(event.uptime !== undefined && { uptime: event.uptime }),
    plan,
    environment,
    target,
    openedAt: at,
    estimate,
    phases: event.phases.map(freshPhase),
    authority: noAuthority,
    undoRevision: undoRevision(1),
    verdicts: new Map(),
    findings: new Map(),
    recommendations: [],
    response: noResponse,
    timesAsked: new Map(),
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

const isAsking = ({ state, steps }: Rollback): boolean =>
  state === 'blocked' || steps.some((step) => step.state === 'asking');

/** The first that applies is where the run stands: the order of this list is the whole rule. */
const stages: readonly (readonly [Stage, (state: RunState) => boolean])[] = [
  ['closed', ({ closed }) => closed !== undefined],
  ['blocked', ({ response }) => response.stands === 'rolling-back' && isAsking(response.rollback)],
  ['rolling-back', ({ response }) => response.stands === 'rolling-back'],
  ['watching', ({ response }) => response.stands === 'watching'],
  ['recommending', ({ recommendations }) => recommendations.some(({ state }) => state === 'open')],
  ['settled', ({ response }) => response.stands === 'settled'],
  ['held', ({ held }) => held !== undefined],
];

/** Where the run stands, in one word. */
export const stageOf = (state: RunState): Stage => stages.find(([, applies]) => applies(state))?.[0] ?? 'open';

/** The newest rollback, under way or over. */
export const rollbackOf = (state: Pick<RunState, 'response'> | undefined): Rollback | undefined =>
  state && rollbackIn(state.response);

/** The rollback under way. */
export const rollbackUnderWay = (state: Pick<RunState, 'response'> | undefined): Rollback | undefined =>
  state?.response.stands === 'rolling-back' ? state.response.rollback : undefined;

/** What this one holds the run for. */
export const holdsBy = ({ held }: RunState, by: PrincipalId): readonly Hold[] =>
  held === undefined ? [] : [held, ...(held.also ?? [])].filter((one) => one.by === by);

/** By this one, with these words: to say it twice holds it no more. */
export const isHeldSo = (state: RunState, by: PrincipalId, reason: string): boolean =>
  holdsBy(state, by).some((one) => one.reason === reason);

export const startClock = (estimate: Millis, at: Instant): PhaseClock => ({
  estimate,
  startedAt: at,
  heldFor: millis(0),
});
