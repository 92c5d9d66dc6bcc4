import type { ActivePreApproval, Waiver } from '../authority/state.ts';
import { type Missing, missingApprovals, needsOf } from '../authority/approvals.ts';
import { openRequirements } from '../authority/requirements.ts';
import { whoMay } from '../authority/roles.ts';
import { projected, worked } from '../evidence/phase-clock.ts';
import type { Status } from '../evidence/finding.ts';
import type { TargetIdentity } from '../evidence/target.ts';
import type { Hash, PhaseId, RunId, EvidenceSource, UndoRevision } from '../kernel/ids.ts';
import { between, type Instant, type Millis } from '../kernel/units.ts';
import { notesIn } from '../plan/logins.ts';
import type { Plan } from '../plan/plan.ts';
import { sayProcedure } from '../response/procedure.ts';
import type { Fence } from '../response/fence.ts';
import { type Recommendation, validApprovals } from '../response/recommendation.ts';
import { byCriterion, criteriaNames, type Criterion, type Verdict } from '../verdicts/verdict.ts';
import type { Watch } from '../watch/watch.ts';
import { notByItself } from './decide/raise.ts';
import type { PhaseState } from './phases.ts';
import { openQuestions, type Question } from './questions.ts';
import { modeOf, rollbackOf, type RunState, type Stage, stageOf } from './state.ts';
import { triedIn, watchIn } from './response.ts';
import { type GivenUpView, givenUpView, type RollbackView, rollbackView } from './rollback-view.ts';

/** What `GET /run` answers and `ripcord run status` prints: the run without boundaries and raw readings. */
export interface RunView {
  readonly run: RunId;
  readonly plan: RunState['plan'];
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
  readonly blind?: { readonly since: Instant; readonly probes: readonly EvidenceSource[] };
  /** A change of the target that a person must confirm before the guard acts without approval. */
  readonly targetChange?: RunState['targetChange'];
  readonly runtime?: { readonly worked: Millis; readonly estimate: Millis };
  readonly capture?: { readonly since: Instant; readonly length: Millis };
  readonly baseline?: { readonly hash: Hash; readonly frozenAt: Instant; readonly readings: number };
  readonly requirements: readonly string[];
  /** Logins that have more rights than they need, compared with the plan; one sentence each. */
  readonly logins?: readonly string[];
  /** What impairs the guard now, such as a full disk; one sentence each. */
  readonly guardIssues?: readonly string[];
  /** Permissions that the guard lacks and a rollback would need; one sentence each. */
  readonly missingPermissions?: readonly string[];
  /** Why probes get no answer although the target may be well; one sentence each. */
  readonly probeIssues?: readonly string[];
  /** Overdue work on the guard's events, such as a report, or the file that shows where the journal ends, and why it is late. */
  readonly overdue?: readonly string[];
  readonly waivers: readonly Waiver[];
  readonly preApprovals: readonly ActivePreApproval[];
  /** The revision that an order to roll back must name; it rises whenever what there is to undo changes. */
  readonly undoRevision: UndoRevision;
  readonly phases: readonly PhaseView[];
  readonly criteria: readonly { readonly criterion: Criterion; readonly status: Status | 'not-asked' }[];
  readonly verdicts: readonly Verdict[];
  readonly recommendations: readonly RecommendationView[];
  /** What waits for a person's confirmation: steps, `stop-work`, `target`. */
  readonly questions: readonly Question[];
  readonly rollback?: RollbackView;
  readonly givenUp?: GivenUpView;
  /** Present while the phases' role cannot log in. */
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
  /** Everybody who may approve this procedure; some only together with others. */
  readonly mayApprove: readonly string[];
  /** How many approvals are missing and who can give the next one; only for an open procedure that can be carried out. */
  readonly missing?: Missing;
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

/** The run as people and programs see it. `latest`: the newest verdicts, which may not be in the journal yet. */
export function viewOf(plan: Plan, state: RunState, latest: readonly Verdict[] | undefined, now: Instant): RunView {
  const verdicts = latest ?? [...state.verdicts.values()].map(({ verdict }) => verdict);
  const statuses = byCriterion(verdicts);
  const { authority, baseline, clock } = state;
  const tried = triedIn(state.response).givenUp;
  const givenUp = tried && givenUpView(tried);
  const [rollback, watch] = [rollbackOf(state), watchIn(state.response)];
  const logins = notesIn(plan, state.environment);
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
    undoRevision: state.undoRevision,
    phases: state.phases.map((phase) => phaseView(plan, phase, now)),
    criteria: criteriaNames.map((criterion) => ({ criterion, status: statuses.get(criterion) ?? 'not-asked' })),
    verdicts,
    recommendations: state.recommendations.map((one) => recommendationView(plan, state, one, now)),
    questions: openQuestions(state),
    ...(logins.length > 0 && { logins }),
    ...(state.closed !== undefined && { closed: state.closed }),
    ...(authority.armed !== undefined && { armed: authority.armed }),
    ...(state.held !== undefined && { held: state.held }),
    ...(state.blind !== undefined && { blind: state.blind }),
    ...(state.targetChange !== undefined && { targetChange: state.targetChange }),
    ...(state.capture !== undefined && { capture: state.capture }),
    ...(clock !== undefined && { runtime: { worked: worked(clock, now), estimate: clock.estimate } }),
    ...(baseline !== undefined && { baseline: baselineView(baseline) }),
    ...(rollback !== undefined && { rollback: rollbackView(rollback, state.recommendations) }),
    ...(givenUp !== undefined && { givenUp }),
    ...(state.fence !== undefined && { fence: state.fence }),
    ...(watch !== undefined && { watch }),
  };
}

const baselineView = ({ baseline, hash, frozenAt }: NonNullable<RunState['baseline']>) => ({
  hash,
  frozenAt,
  readings: baseline.probes.reduce((sum, { latencies }) => sum + latencies.length, 0),
});
