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
  type EvidenceSource,
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
import type { VerdictStates } from './verdict-states.ts';

/** A principal's order that no phase may start. */
export interface Hold {
  readonly by: PrincipalId;
  readonly reason: string;
  readonly at: Instant;
}

/** Everything that is known about a run: the fold of its events, and nothing else. */
export interface RunState {
  readonly run: RunId;
  /** The number of folded events: the position of the next one. */
  readonly seq: number;
  /** The newest moment among the events, or among those since the clock was last found set back. */
  readonly lastAt: Instant;
  /** Together with the machine's uptime, tells how long the guard was down. */
  readonly uptime?: UptimeMark;
  /** The newest moment known when the clock was found set back; readings up to it are older than the step. */
  readonly setBackFrom?: Instant;
  readonly plan: {
    readonly name: string;
    readonly hash: Hash;
    /** The plan that it replaced during this run: somebody may still have that one in mind. */
    readonly before?: { readonly hash: Hash; readonly until: Instant };
  };
  /** The text of `plan`; absent only between the first two events of a run. */
  readonly recordedPlan?: RecordedPlan;
  readonly environment: string;
  readonly target: TargetIdentity;
  /** A change of the target that nobody has confirmed yet; until then the guard does not act without approval. */
  readonly targetChange?: {
    readonly kind: 'failover' | 'replaced';
    readonly questionId: QuestionId;
    readonly at: Instant;
    readonly from: TargetIdentity;
    readonly to: TargetIdentity;
  };
  readonly openedAt: Instant;
  readonly closed?: { readonly at: Instant; readonly by: PrincipalId; readonly reason: string };
  /** The clock of the whole run; it starts with the first phase. */
  readonly clock?: PhaseClock;
  readonly estimate: Millis;
  readonly capture?: { readonly since: Instant; readonly length: Millis };
  readonly baseline?: { readonly baseline: Baseline; readonly hash: Hash; readonly frozenAt: Instant };
  readonly held?: Hold & {
    /** The question of the newest hold; an answer that ends all holds is bound to it. */
    readonly questionId: QuestionId;
    /** Earlier holds that still apply. */
    readonly also?: readonly Hold[];
  };
  readonly blind?: { readonly since: Instant; readonly probes: readonly EvidenceSource[] };
  /** Start of the current period without blindness or downtime: only an observed check can count as well. */
  readonly seeingSince?: Instant;
  readonly phases: readonly PhaseState[];
  readonly authority: Authority;
  /** An order to roll back is bound to it. */
  readonly undoRevision: UndoRevision;
  /** By criterion and subject. */
  readonly verdicts: VerdictStates;
  readonly findings: ReadonlyMap<CheckId, Finding>;
  readonly recommendations: readonly Recommendation[];
  /** The contents of the files that the procedures' commands name. */
  readonly scripts?: readonly Script[];
  /** How often the run has asked about each step in all its rollbacks, including `stop-work` and `target`. */
  readonly timesAsked: ReadonlyMap<StepId, number>;
  readonly response: ResponseState;
  /** Present from the start of a rollback until the phases' role can log in again. */
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
 * What the guard may do: it only observes until a baseline is frozen, then recommends, and acts by itself only while a
 * person has armed it.
 */
export function modeOf({ baseline, authority }: RunState, now: Instant): 'observe' | 'recommend' | 'armed' {
  if (baseline === undefined) return 'observe';
  return authority.armed !== undefined && authority.armed.until > now ? 'armed' : 'recommend';
}

export type Stage = 'open' | 'held' | 'recommending' | 'rolling-back' | 'blocked' | 'watching' | 'settled' | 'closed';

const isAsking = ({ state, steps }: Rollback): boolean =>
  state === 'blocked' || steps.some((step) => step.state === 'asking');

/** Ordered by precedence: the first stage that applies is the stage of the run. */
const stages: readonly (readonly [Stage, (state: RunState) => boolean])[] = [
  ['closed', ({ closed }) => closed !== undefined],
  ['blocked', ({ response }) => response.state === 'rolling-back' && isAsking(response.rollback)],
  ['rolling-back', ({ response }) => response.state === 'rolling-back'],
  ['watching', ({ response }) => response.state === 'watching'],
  ['recommending', ({ recommendations }) => recommendations.some(({ state }) => state === 'open')],
  ['settled', ({ response }) => response.state === 'settled'],
  ['held', ({ held }) => held !== undefined],
];

/** The stage of the run, in one word. */
export const stageOf = (state: RunState): Stage => stages.find(([, applies]) => applies(state))?.[0] ?? 'open';

/** The newest rollback, current or past. */
export const rollbackOf = (state: Pick<RunState, 'response'> | undefined): Rollback | undefined =>
  state && rollbackIn(state.response);

/** The current rollback. */
export const rollbackUnderWay = (state: Pick<RunState, 'response'> | undefined): Rollback | undefined =>
  state?.response.state === 'rolling-back' ? state.response.rollback : undefined;

/** This principal's holds. */
export const holdsBy = ({ held }: RunState, by: PrincipalId): readonly Hold[] =>
  held === undefined ? [] : [held, ...(held.also ?? [])].filter((one) => one.by === by);

/** Whether this principal already holds the run for this reason; repeating it adds no hold. */
export const isHeldSo = (state: RunState, by: PrincipalId, reason: string): boolean =>
  holdsBy(state, by).some((one) => one.reason === reason);

export const startClock = (estimate: Millis, at: Instant): PhaseClock => ({
  estimate,
  startedAt: at,
  heldFor: millis(0),
});
