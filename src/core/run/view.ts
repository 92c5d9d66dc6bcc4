import type { ActivePreApproval, Waiver } from '../authority/state.ts';
import { type Missing, missingApprovals, needsOf } from '../authority/approvals.ts';
import { openRequirements } from '../authority/requirements.ts';
import { whoMay } from '../authority/roles.ts';
import { projected, worked } from '../evidence/phase-clock.ts';
import type { Status } from '../evidence/finding.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import type { Hash, PhaseId, RollbackId, RunId, Sense, StepId } from '../kernel/ids.ts';
import { between, type Instant, type Millis } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import { type Procedure, sayProcedure } from '../response/procedure.ts';
import type { Fence } from '../response/fence.ts';
import { type Recommendation, validApprovals } from '../response/recommendation.ts';
import { leftToPeople, nextStep, openQuestion, type Rollback, type StepState } from '../response/rollback.ts';
import { sayWork } from '../response/say-step.ts';
import { limitOf } from '../response/step.ts';
import { byCriterion, criteriaNames, type Criterion, type Verdict } from '../verdicts/verdict.ts';
import type { Watch } from '../watch/watch.ts';
import { notByItself } from './decide/raise.ts';
import type { PhaseState } from './phases.ts';
import { modeOf, type RunState, type Stage, stageOf } from './state.ts';

/** What `GET /run` answers and `ripcord run status` prints: the run without its bulk (boundaries, raw readings). */
export interface RunView {
  readonly run: RunId;
  readonly plan: { readonly name: string; readonly hash: Hash };
  readonly environment: string;
  readonly target: TargetIdentity;
  readonly now: Instant;
  readonly openedAt: Instant;
  readonly closed?: RunState['closed'];
  readonly seq: number;
  readonly stage: Stage;
  readonly mode: 'observe' | 'recommend' | 'armed';
  readonly armed?: { readonly by: string; readonly until: Instant };
  readonly held?: RunState['held'];
  readonly blind?: { readonly since: Instant; readonly probes: readonly Sense[] };
  readonly runtime?: { readonly worked: Millis; readonly estimate: Millis };
  readonly capture?: { readonly since: Instant; readonly length: Millis };
  readonly baseline?: { readonly hash: Hash; readonly frozenAt: Instant; readonly readings: number };
  readonly requirements: readonly string[];
  /** What keeps the guard from its work now, such as a full disk; one sentence each. */
  readonly troubles?: readonly string[];
  /** What the guard may not do, though a rollback would need it; one sentence each. */
  readonly shortcomings?: readonly string[];
  /** Why probes are not answered though the target may be well; one sentence each. */
  readonly obstacles?: readonly string[];
  readonly waivers: readonly Waiver[];
  readonly preApprovals: readonly ActivePreApproval[];
  readonly phases: readonly PhaseView[];
  readonly criteria: readonly { readonly criterion: Criterion; readonly status: Status | 'not-asked' }[];
  readonly verdicts: readonly Verdict[];
  readonly recommendations: readonly RecommendationView[];
  readonly rollback?: RollbackView;
  readonly givenUp?: GivenUpView;
  /** While the phases' role cannot log in. */
  readonly fence?: Fence;
  readonly watch?: Watch;
}

export interface PhaseView {
  readonly phase: PhaseId;
  readonly title?: string;
  readonly state: PhaseState['state'];
  readonly attempt: number;
  readonly estimate: Millis;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly worked?: Millis;
  readonly projected?: Millis;
  readonly progress?: number;
  readonly because?: string;
}

export interface RecommendationView extends Recommendation {
  /** The procedure in one sentence. */
  readonly proposes: string;
  /** Each may give an approval of this procedure, some only together with others. */
  readonly mayApprove: readonly string[];
  /** How many approvals it still takes, and who can give the next; of an open one that can be carried out. */
  readonly missing?: Missing;
}

export interface RollbackView extends Omit<Rollback, 'procedure' | 'steps'> {
  readonly proposes: string;
  /** Whose approvals it is carried out on, together; nobody's where it was pre-approved. */
  readonly approvedBy: readonly string[];
  /** What it waits for a person to say. */
  readonly asks?: string;
  readonly steps: readonly StepView[];
}

/** A rollback that was given up after it had begun, until one is done or a phase starts again. */
export interface GivenUpView {
  readonly rollback: RollbackId;
  readonly kind: Procedure['kind'];
  /** The first step that is not done. */
  readonly step: StepId;
  /** Which phase that step undoes; absent for one of a restore. */
  readonly phase?: PhaseId;
  /** The steps of a restore that were not taken. */
  readonly leftToYou: readonly string[];
}

export interface StepView extends Omit<StepState, 'step' | 'tag' | 'child' | 'agains'> {
  readonly id: string;
  readonly kind: string;
  readonly title?: string;
  /** In one line, as the plan has it; of the one that is at work. */
  readonly does?: string;
  /** Absent for a step of a restore. */
  readonly phase?: PhaseId;
  /** How long a try of it may take, and how often it may be tried again by itself. */
  readonly limit?: Millis;
  readonly retries?: number;
}

function phaseView(plan: Plan, { phase, state, attempt, clock, because }: PhaseState, now: Instant): PhaseView {
  const planned = plan.phases.find(({ id }) => id === phase);
  const total = clock === undefined ? undefined : projected(clock);
  return {
    phase,
    state,
    attempt,
    estimate: clock?.estimate ?? planned?.estimate ?? between(now, now),
    ...(planned?.title !== undefined && { title: planned.title }),
    ...(clock !== undefined && { startedAt: clock.startedAt, worked: worked(clock, now) }),
    ...(clock?.endedAt !== undefined && { endedAt: clock.endedAt }),
    ...(clock?.progress !== undefined && { progress: clock.progress.fraction }),
    ...(total !== undefined && state === 'running' && { projected: total }),
    ...(because !== undefined && { because }),
  };
}

function recommendationView(plan: Plan, state: RunState, one: Recommendation, now: Instant): RecommendationView {
  const needs = needsOf(plan, state.environment, one.procedure.kind);
  const waits = one.state === 'open' && one.procedure.kind !== 'person';
  return {
    ...one,
    proposes: sayProcedure(one.procedure),
    mayApprove: whoMay(plan, needs.right),
    ...(one.state === 'open' && { notAutomaticBecause: notByItself(plan, state, one, now) }),
    ...(waits && { missing: missingApprovals(plan, needs, validApprovals(one, now)) }),
  };
}

function stepView({ step, tag: _tag, child: _child, agains: _agains, ...state }: StepState): StepView {
  const { id, kind, title, phase, retry } = step;
  const limit = limitOf(step);
  return {
    id,
    kind,
    ...(title !== undefined && { title }),
    ...(state.state === 'started' && { does: sayWork(step) }),
    ...(phase !== undefined && { phase }),
    ...(limit !== undefined && { limit }),
    ...(retry !== undefined && { retries: retry.times }),
    ...state,
  };
}

function approversOf({ recommendation, trigger, startedAt }: Rollback, all: readonly Recommendation[]) {
  const one = trigger === 'automatic' ? undefined : all.find(({ id }) => id === recommendation);
  return one === undefined ? [] : validApprovals(one, startedAt).map(({ by }) => by);
}

function rollbackView(rollback: Rollback, recommendations: readonly Recommendation[]): RollbackView {
  const { procedure, steps, ...rest } = rollback;
  const asks = openQuestion(rollback);
  return {
    ...rest,
    proposes: sayProcedure(procedure),
    approvedBy: approversOf(rollback, recommendations),
    steps: steps.map(stepView),
    ...(asks !== undefined && { asks }),
  };
}

function givenUpView(rollback: Rollback): GivenUpView | undefined {
  const step = nextStep(rollback)?.step;
  if (step === undefined) return undefined;
  return {
    rollback: rollback.id,
    kind: rollback.procedure.kind,
    step: step.id,
    ...(step.phase !== undefined && { phase: step.phase }),
    leftToYou: leftToPeople(rollback),
  };
}

/** The run as people and programs see it. `latest` are the newest verdicts, younger than the journalled changes. */
export function viewOf(plan: Plan, state: RunState, latest: readonly Verdict[] | undefined, now: Instant): RunView {
  const verdicts = latest ?? [...state.verdicts.values()].map(({ verdict }) => verdict);
  const statuses = byCriterion(verdicts);
  const { authority, baseline, clock } = state;
  const givenUp = state.cutShort === undefined ? undefined : givenUpView(state.cutShort);
  return {
    run: state.run,
    plan: state.plan,
    environment: state.environment,
    target: state.target,
    now,
    openedAt: state.openedAt,
    seq: state.seq,
    stage: stageOf(state),
    mode: modeOf(state, now),
    requirements: openRequirements(plan, authority),
    waivers: authority.waivers,
    preApprovals: authority.preApprovals,
    phases: state.phases.map((phase) => phaseView(plan, phase, now)),
    criteria: criteriaNames.map((criterion) => ({ criterion, status: statuses.get(criterion) ?? 'not-asked' })),
    verdicts,
    recommendations: state.recommendations.map((one) => recommendationView(plan, state, one, now)),
    ...(state.closed !== undefined && { closed: state.closed }),
    ...(authority.armed !== undefined && { armed: authority.armed }),
    ...(state.held !== undefined && { held: state.held }),
    ...(state.blind !== undefined && { blind: state.blind }),
    ...(state.capture !== undefined && { capture: state.capture }),
    ...(clock !== undefined && { runtime: { worked: worked(clock, now), estimate: clock.estimate } }),
    ...(baseline !== undefined && { baseline: baselineView(baseline) }),
    ...(state.rollback !== undefined && { rollback: rollbackView(state.rollback, state.recommendations) }),
    ...(givenUp !== undefined && { givenUp }),
    ...(state.fence !== undefined && { fence: state.fence }),
    ...(state.watch !== undefined && { watch: state.watch }),
  };
}

const baselineView = ({ baseline, hash, frozenAt }: NonNullable<RunState['baseline']>) => ({
  hash,
  frozenAt,
  readings: baseline.probes.reduce((sum, { latencies }) => sum + latencies.length, 0),
});
