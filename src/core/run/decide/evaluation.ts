import { sayDuration } from '../../kernel/duration.ts';
import { between, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { sameBinding } from '../../response/binding.ts';
import { openRecommendation, type Recommendation } from '../../response/recommendation.ts';
import { keyOf, type Verdict } from '../../verdicts/verdict.ts';
import { decideWatch } from '../../watch/watch.ts';
import { type Decision } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { EvaluationInput } from '../input.ts';
import { breachesNow, isBreach, isDeclined, isOngoing } from '../verdict-states.ts';
import { modeOf, type RunState } from '../state.ts';
import { recomputeProposal, type Proposal, propose } from './attribution.ts';
import { expiries } from './expiries.ts';
import { bindingOf, goOnWith, raise } from './raise.ts';
import { type ResponseState, triedIn } from '../response.ts';

/** Changes worth recording: the status, its reason, a doubt or the faulty objects, but not every new number. */
function changedVerdicts(state: RunState, verdicts: readonly Verdict[]): readonly Verdict[] {
  return verdicts.filter((verdict) => {
    const before = state.verdicts.get(keyOf(verdict))?.verdict;
    return (
      before?.status !== verdict.status ||
      before.because !== verdict.because ||
      before.inPart !== verdict.inPart ||
      (before.onlyRecommend === undefined) !== (verdict.onlyRecommend === undefined) ||
      before.more?.hash !== verdict.more?.hash ||
      before.objects?.join('\n') !== verdict.objects?.join('\n')
    );
  });
}

function sight({ blind: before }: RunState, { blind }: EvaluationInput, now: Instant): readonly RunEvent[] {
  if (blind.length === 0) return before === undefined ? [] : [{ type: 'guard-sighted', v: 1, at: now }];
  if (before !== undefined && before.probes.join() === blind.join()) return [];
  return [{ type: 'guard-blinded', v: 1, at: now, probes: blind }];
}

const isWell = ({ status, warning }: Verdict): boolean => status === 'ok' && !warning;

/** Whether each breach behind it has been well for long enough without a gap. An unobserved check does not count as well. */
function isOver(
  plan: Plan,
  state: RunState,
  { evidence }: Recommendation,
  evaluation: EvaluationInput,
  now: Instant,
): boolean {
  const { seeingSince } = state;
  if (state.blind !== undefined || evidence.length === 0) return false;
  const isLong = (since: Instant): boolean => between(since, now) >= plan.answering.withdrawn_after;
  if (seeingSince !== undefined && !isLong(seeingSince)) return false;
  return evidence.map(keyOf).every((key) => {
    const noted = state.verdicts.get(key);
    const isSeen = evaluation.verdicts.some((verdict) => keyOf(verdict) === key && isWell(verdict));
    return isSeen && noted !== undefined && isWell(noted.verdict) && isLong(noted.changedAt);
  });
}

/**
 * How the open recommendation ends without an answer, if it ends now. The guard withdraws neither a person's order nor the
 * recommendation after a failed rollback: a half-undone database is not well, even if every check is.
 */
function ending(plan: Plan, state: RunState, evaluation: EvaluationInput, now: Instant): RunEvent | undefined {
  const open = openRecommendation(state.recommendations);
  if (open === undefined) return undefined;
  const of = { v: 1, at: now, recommendation: open.id } as const;
  if (
    open.orderedBy === undefined &&
    triedIn(state.response).givenUp === undefined &&
    isOver(plan, state, open, evaluation, now)
  ) {
    const because = `every breach has been seen well for ${sayDuration(plan.answering.withdrawn_after)}`;
    return { type: 'recommendation-withdrawn', ...of, because };
  }
  return open.expiresAt <= now ? { type: 'recommendation-expired', ...of } : undefined;
}

/** Whether the verdict adds to the evidence: it is new, or its doubt is gone. */
function isMoreThan(evidence: readonly Verdict[], verdict: Verdict): boolean {
  const before = evidence.find((one) => keyOf(one) === keyOf(verdict));
  if (before === undefined || (before.onlyRecommend !== undefined && verdict.onlyRecommend === undefined)) return true;
  if (before.more !== undefined && before.more.hash === verdict.more?.hash) return false;
  const known = new Set(before.objects);
  return verdict.objects?.some((object) => !known.has(object)) === true;
}

/**
 * The proposal for the current state. A person's order keeps its scope, whatever the guard observes. If the plan no longer
 * provides for it, the replacement does not count as ordered.
 */
function proposedNow(plan: Plan, state: RunState, open: Recommendation, evidence: readonly Verdict[]): Proposal {
  const recomputed = open.orderedBy === undefined ? undefined : recomputeProposal(plan, state, open);
  return recomputed?.procedure.kind === open.procedure.kind ? recomputed : (propose(plan, state, evidence) ?? open);
}

/** Whether to raise a superseded recommendation again: there is a breach, a person's order or a half-undone database. */
const isWanted = ({ response }: RunState, { orderedBy }: Proposal, ongoing: readonly Verdict[]): boolean =>
  ongoing.length > 0 || orderedBy !== undefined || triedIn(response).givenUp !== undefined;

/** Updates the open recommendation with new evidence, or supersedes it if the procedure or the phases have changed. */
function onOpen(
  plan: Plan,
  state: RunState,
  open: Recommendation,
  breaches: readonly Verdict[],
  now: Instant,
): readonly RunEvent[] {
  const fresh = breaches.filter((verdict) => isMoreThan(open.evidence, verdict));
  const before = proposedNow(plan, state, open, [...open.evidence, ...fresh]);
  if (sameBinding(open.binding, bindingOf(state, before.procedure))) {
    return goOnWith(plan, state, open, fresh, now);
  }
  const because = 'the procedure, a script, the plan or the state of a phase has changed since it was raised';
  const superseded: RunEvent = { type: 'recommendation-superseded', v: 1, at: now, recommendation: open.id, because };
  const ongoing = [...open.evidence.filter((verdict) => isOngoing(state.verdicts, verdict)), ...fresh];
  const proposal = proposedNow(plan, state, open, ongoing);
  if (proposal === open || !isWanted(state, proposal, ongoing)) return [superseded];
  return [superseded, ...raise(plan, evolve(state, superseded), ongoing, proposal, now, open.unanswered)];
}

/** A failed rollback has left the database half-undone: the guard keeps asking until somebody declines. */
const isLeftOpen = ({ response, recommendations }: RunState): boolean => {
  const { givenUp } = triedIn(response);
  const at = recommendations.findIndex(({ id }) => id === givenUp?.recommendation);
  return givenUp !== undefined && !recommendations.slice(at + 1).some(({ state }) => state === 'declined');
};

/** If nobody answered in time, the guard asks the next contact about the breaches that remain. */
function recommend(
  plan: Plan,
  state: RunState,
  verdicts: readonly Verdict[],
  unanswered: Recommendation | undefined,
  now: Instant,
): readonly RunEvent[] {
  const isOpen = (verdict: Verdict): boolean => !isDeclined(state.verdicts, verdict);
  const seen = breachesNow(state.verdicts, verdicts).filter(isOpen);
  const open = openRecommendation(state.recommendations);
  if (open !== undefined) return onOpen(plan, state, open, seen, now);
  const keys = new Set(seen.map(keyOf));
  const left = (unanswered?.evidence ?? []).filter((verdict) => isOngoing(state.verdicts, verdict) && isOpen(verdict));
  const breaches = [...left.filter((verdict) => !keys.has(keyOf(verdict))), ...seen];
  const isAskedAgain = unanswered !== undefined && isLeftOpen(state);
  if (!isAskedAgain && (breaches.length === 0 || modeOf(state, now) === 'observe')) return [];
  const proposal = propose(plan, state, breaches);
  if (proposal === undefined) return [];
  const before = unanswered === undefined ? [] : [...(unanswered.unanswered ?? []), unanswered.id];
  return raise(plan, state, breaches, proposal, now, before);
}

/** Whether the last rollback was completed, or a person ended it before it had changed anything. */
const hasHeld = (response: ResponseState): boolean =>
  response.state !== 'idle' && response.tried.givenUp === undefined && response.rollback.because === undefined;

/** Decides what follows from an evaluation: verdicts, blindness, expiries, progress of the watch and recommendations. */
export function decideEvaluation(plan: Plan, state: RunState, evaluation: EvaluationInput, now: Instant): Decision {
  const changed = changedVerdicts(state, evaluation.verdicts);
  const seen: readonly RunEvent[] = [
    ...(changed.length > 0 ? [{ type: 'verdicts-changed', v: 1, at: now, verdicts: changed } as const] : []),
    ...sight(state, evaluation, now),
    ...expiries(state, now),
  ];
  const sighted = seen.reduce(evolve, state);
  const end = ending(plan, sighted, evaluation, now);
  const first = end === undefined ? seen : [...seen, end];
  const noted = end === undefined ? sighted : evolve(sighted, end);
  const { response } = noted;
  if (response.state === 'watching') {
    const breaches = evaluation.verdicts.filter((verdict) => isBreach(verdict) && verdict.criterion !== 'runtime');
    const tick = { breaches, unrecorded: evaluation.unrecorded };
    return { events: [...first, ...decideWatch(response.watch, tick, now)] };
  }
  // After a completed rollback the guard proposes nothing until a phase starts again: people judge a relapse. A rollback
  // that ended midway has failed, even if the next procedure ended before its first step: the database is half-undone. A
  // rollback that the guard ended itself is planned again.
  if (response.state === 'rolling-back' || hasHeld(response)) return { events: first };
  const unanswered = end?.type === 'recommendation-expired' ? openRecommendation(sighted.recommendations) : undefined;
  return { events: [...first, ...recommend(plan, noted, evaluation.verdicts, unanswered, now)] };
}
