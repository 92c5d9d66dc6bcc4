import { type Coverage, coverage } from '../../authority/pre-approval.ts';
import { hashOf } from '../../kernel/hash.ts';
import {
  type PreApprovalId,
  type PrincipalId,
  recommendationId,
  type RecommendationId,
  rollbackId,
} from '../../kernel/ids.ts';
import { after, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Binding, Trigger } from '../../response/events.ts';
import type { Procedure } from '../../response/procedure.ts';
import { changedInAll, sayChange, type Script, scriptsOf } from '../../response/scripts.ts';
import { openRecommendation, type Recommendation } from '../../response/recommendation.ts';
import { unnamedFaultsKey, keyOf, type Verdict } from '../../verdicts/verdict.ts';
import { unsure } from '../blindness.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import { hasTouched } from '../phases.ts';
import type { RunState } from '../state.ts';
import { type Proposal, propose } from './attribution.ts';
import type { ResponseState } from '../response.ts';
import { unreported } from './unreported.ts';

/** What an approval of this procedure would be bound to now. */
export const bindingOf = (state: RunState, procedure: Procedure): Binding => ({
  planHash: state.plan.hash,
  procedureHash: hashOf(procedure),
  phasesHash: hashOf(state.phases.map(({ phase, state: is, attempt }) => [phase, is, attempt])),
  ...(state.scripts !== undefined && { scripts: scriptsOf(procedure, state.scripts) }),
});

export function startRollback(
  recommendation: Pick<Recommendation, 'id' | 'procedure'>,
  trigger: Trigger,
  by: string,
  now: Instant,
): RunEvent {
  const { id, procedure } = recommendation;
  const rollback = rollbackId(`${id}-rollback`);
  return { type: 'rollback-started', v: 1, at: now, rollback, recommendation: id, trigger, by, procedure };
}

export const nextId = (state: RunState): RecommendationId =>
  recommendationId(`${state.run}-r${state.recommendations.length + 1}`);

const not = (because: string): Coverage => ({ covered: false, missing: [because] });

/** Nothing responds at all: the server is restarting or the network is down. */
const isUnreachable = ({ criterion, facts }: Verdict): boolean =>
  criterion === 'functionality' && facts.is?.startsWith('connect') === true;

/** The current verdicts for the evidence, as far as they are breaches: a verdict that was sure may be in doubt by now. */
const breachedNow = ({ verdicts }: RunState, evidence: readonly Verdict[]): readonly Verdict[] =>
  evidence.flatMap((one) => {
    const now = verdicts.get(keyOf(one))?.verdict;
    return now?.status === 'breach' ? [now] : [];
  });

/** The principal who ended the last rollback. */
const endedBy = (response: ResponseState): PrincipalId | undefined =>
  response.state === 'idle' ? undefined : (response.rollback.aborting ?? response.tried.givenUp?.aborting)?.by;

/** If a check found more faults at a phase's start than it names, nobody can tell which faults are new and who caused them. */
function hiddenBefore({ phases }: RunState, verdict: Verdict): string | undefined {
  const unnamed = unnamedFaultsKey(verdict);
  const phase = phases.find((one) => hasTouched(one) && one.troubled.includes(unnamed))?.phase;
  return phase === undefined
    ? undefined
    : `when ${phase} began, ${verdict.subject} found more faults than it names, so some of these may be older`;
}

/** Why people must judge a breach, whatever was pre-approved. */
const doubtAbout = (plan: Plan, state: RunState, verdict: Verdict, now: Instant): string | undefined =>
  verdict.onlyRecommend ??
  hiddenBefore(state, verdict) ??
  unreported(plan, state, verdict, now) ??
  (isUnreachable(verdict) ? 'nothing responds, and undoing a phase may not fix that' : undefined);

/** Whether the guard may act without approval, or what is missing. */
function mayAct(
  plan: Plan,
  state: RunState,
  evidence: readonly Verdict[],
  procedure: Procedure,
  now: Instant,
): Coverage {
  if (procedure.kind === 'person') return not(procedure.because);
  const ended = endedBy(state.response);
  if (ended !== undefined) return not(`${ended} ended the previous rollback, so a person decides what comes next`);
  const doubt = unsure(state);
  if (doubt !== undefined) return not(doubt);
  const seen = breachedNow(state, evidence);
  if (seen.length === 0) return not('the guard cannot check the breach now');
  const doubts = seen.map((verdict) => doubtAbout(plan, state, verdict, now));
  if (doubts.every((doubt) => doubt !== undefined)) return { covered: false, missing: [...new Set(doubts)] };
  const request = {
    criteria: [...new Set(evidence.map(({ criterion }) => criterion))],
    phases: procedure.phases,
    environment: state.environment,
    procedure: procedure.kind,
    planHash: state.plan.hash,
    changedSince: (then: readonly Script[]) =>
      changedInAll(procedure, then, state.scripts ?? []).map((change) => sayChange(change, 'it was given')),
  };
  return coverage(plan, state.authority, request, now);
}

/** No pre-approval covers an order by somebody who cannot decide alone, unless the guard would propose the same. */
function mayActOn(
  plan: Plan,
  state: RunState,
  evidence: readonly Verdict[],
  { procedure, orderedBy }: Pick<Proposal, 'procedure' | 'orderedBy'>,
  now: Instant,
): Coverage {
  const proposed = evidence.length === 0 ? undefined : propose(plan, state, evidence)?.procedure;
  const isOwn = orderedBy === undefined || (proposed !== undefined && hashOf(proposed) === hashOf(procedure));
  return isOwn ? mayAct(plan, state, evidence, procedure, now) : not(`${orderedBy} ordered it`);
}

/** The plan's contacts in turn: the next one after each unanswered recommendation, and all of them after the last. */
export function addressed({ contacts }: Plan, unanswered: readonly RecommendationId[]) {
  const next = contacts[unanswered.length];
  return {
    ...(contacts.length > 0 && { addressedTo: next === undefined ? contacts : [next] }),
    ...(unanswered.length > 0 && { unanswered }),
  };
}

/** Raises the recommendation, and acts at once if an active pre-approval covers all of it. */
export function raise(
  plan: Plan,
  state: RunState,
  evidence: readonly Verdict[],
  proposal: Proposal,
  now: Instant,
  unanswered: readonly RecommendationId[] = [],
): readonly RunEvent[] {
  const { attributedTo, procedure, orderedBy } = proposal;
  const id = nextId(state);
  const binding = bindingOf(state, procedure);
  const expiresAt = after(now, plan.answering.recommendation_expires_after);
  const may = mayActOn(plan, state, evidence, proposal, now);
  const raised: RunEvent = {
    type: 'recommendation-raised',
    v: 1,
    at: now,
    recommendation: id,
    evidence,
    procedure,
    binding,
    expiresAt,
    notAutomaticBecause: may.covered ? [] : may.missing,
    ...(attributedTo !== undefined && { attributedTo }),
    ...(orderedBy !== undefined && { orderedBy }),
    ...(!may.covered && addressed(plan, unanswered)),
  };
  return may.covered ? [raised, ...actOn({ id, procedure, binding, expiresAt }, may.by, now)] : [raised];
}

/** Why the guard does not act by itself now; arming or disarming since the recommendation was raised changes the answer. */
export function notByItself(plan: Plan, state: RunState, open: Recommendation, now: Instant): readonly string[] {
  const may = mayActOn(plan, state, open.evidence, open, now);
  return may.covered ? [] : may.missing;
}

/** Acts on an open recommendation as soon as nothing prevents acting without approval. */
function actNow(plan: Plan, state: RunState, open: Recommendation, now: Instant): readonly RunEvent[] {
  const may = mayActOn(plan, state, open.evidence, open, now);
  return may.covered ? actOn(open, may.by, now) : [];
}

/** Adds evidence to an open recommendation. Even without new evidence, acting without approval may have become possible. */
export function goOnWith(
  plan: Plan,
  state: RunState,
  open: Recommendation,
  fresh: readonly Verdict[],
  now: Instant,
): readonly RunEvent[] {
  if (fresh.length === 0) return actNow(plan, state, open, now);
  const joined: RunEvent = { type: 'evidence-joined', v: 1, at: now, recommendation: open.id, evidence: fresh };
  const next = evolve(state, joined);
  return [joined, ...actNow(plan, next, openRecommendation(next.recommendations) ?? open, now)];
}

function actOn(
  { id, procedure, binding, expiresAt }: Pick<Recommendation, 'id' | 'procedure' | 'binding' | 'expiresAt'>,
  preApproval: PreApprovalId,
  now: Instant,
): readonly RunEvent[] {
  return [
    { type: 'pre-approval-used', v: 1, at: now, preApproval, recommendation: id },
    {
      type: 'recommendation-approved',
      v: 1,
      at: now,
      recommendation: id,
      by: 'pre-approval',
      role: 'pre-approval',
      reason: `covered by ${preApproval}`,
      binding,
      expiresAt,
      complete: true,
    },
    startRollback({ id, procedure }, 'automatic', preApproval, now),
  ];
}
