import type { Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { openRecommendation, type Recommendation } from '../../response/recommendation.ts';
import { isCutShort, isUnderWay } from '../../response/rollback.ts';
import { keyOf, type Verdict } from '../../verdicts/verdict.ts';
import { decideWatch } from '../../watch/watch.ts';
import { type Decision } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { LookInput } from '../input.ts';
import { breachesNow, isBreach, isDeclined, stands } from '../standing.ts';
import { modeOf, type RunState } from '../state.ts';
import { type Proposal, propose } from './attribution.ts';
import { bindingOf, join, raise, sameBinding } from './raise.ts';

/** What has changed enough to be written down: the status, its reason or the objects at fault, not every new number. */
function changedVerdicts(state: RunState, verdicts: readonly Verdict[]): readonly Verdict[] {
  return verdicts.filter((verdict) => {
    const before = state.verdicts.get(keyOf(verdict))?.verdict;
    return (
      before?.status !== verdict.status ||
      before.because !== verdict.because ||
      before.objects?.join('\n') !== verdict.objects?.join('\n')
    );
  });
}

function sight({ blind: before }: RunState, { blind }: LookInput, now: Instant): readonly RunEvent[] {
  if (blind.length === 0) return before === undefined ? [] : [{ type: 'guard-sighted', v: 1, at: now }];
  if (before !== undefined && before.probes.join() === blind.join()) return [];
  return [{ type: 'guard-blinded', v: 1, at: now, probes: blind }];
}

/** What ended by time. It is written down, so that a clock set back revives nothing. */
function expiries({ authority, recommendations }: RunState, now: Instant): readonly RunEvent[] {
  const open = openRecommendation(recommendations);
  const overdue = authority.preApprovals.filter(({ until }) => until <= now);
  return [
    ...(authority.armed !== undefined && authority.armed.until <= now
      ? [{ type: 'arming-expired', v: 1, at: now } as const]
      : []),
    ...overdue.map(
      ({ id }) => ({ type: 'pre-approval-ended', v: 1, at: now, preApproval: id, because: 'expired' }) as const,
    ),
    ...(open !== undefined && open.expiresAt <= now
      ? [{ type: 'recommendation-expired', v: 1, at: now, recommendation: open.id } as const]
      : []),
  ];
}

/** What the evidence does not have yet, or has with a doubt that is gone by now. */
function isMoreThan(evidence: readonly Verdict[], verdict: Verdict): boolean {
  const before = evidence.find((one) => keyOf(one) === keyOf(verdict));
  if (before === undefined || (before.onlyRecommend !== undefined && verdict.onlyRecommend === undefined)) return true;
  return verdict.objects?.some((object) => before.objects?.includes(object) !== true) === true;
}

/** One open decision: more evidence joins it; another procedure, or phases that moved on, supersede it. */
function onOpen(
  plan: Plan,
  state: RunState,
  open: Recommendation,
  breaches: readonly Verdict[],
  now: Instant,
): readonly RunEvent[] {
  const fresh = breaches.filter((verdict) => isMoreThan(open.evidence, verdict));
  // What a person ordered stays what it is, whatever is seen meanwhile.
  const proposed = open.orderedBy === undefined ? propose(plan, state, [...open.evidence, ...fresh]) : undefined;
  const before: Proposal = proposed ?? open;
  if (sameBinding(open.binding, bindingOf(state, before.procedure))) {
    return fresh.length === 0 ? [] : join(plan, state, open, fresh, now);
  }
  const because = 'the procedure, a script, the plan or the state of a phase has changed since it was raised';
  const superseded: RunEvent = { type: 'recommendation-superseded', v: 1, at: now, recommendation: open.id, because };
  const standing = [...open.evidence.filter((verdict) => stands(state.verdicts, verdict)), ...fresh];
  const proposal = standing.length === 0 ? undefined : propose(plan, state, standing);
  if (proposal === undefined) return [superseded];
  return [superseded, ...raise(plan, evolve(state, superseded), standing, proposal, now)];
}

function recommend(plan: Plan, state: RunState, verdicts: readonly Verdict[], now: Instant): readonly RunEvent[] {
  const breaches = breachesNow(state.verdicts, verdicts).filter((verdict) => !isDeclined(state.verdicts, verdict));
  const open = openRecommendation(state.recommendations);
  if (open !== undefined) return onOpen(plan, state, open, breaches, now);
  if (breaches.length === 0 || modeOf(state, now) === 'observe') return [];
  const proposal = propose(plan, state, breaches);
  return proposal === undefined ? [] : raise(plan, state, breaches, proposal, now);
}

/** The guard looked: verdicts, blindness, expiries, the watch, and what follows from them. */
export function decideLook(plan: Plan, state: RunState, look: LookInput, now: Instant): Decision {
  const changed = changedVerdicts(state, look.verdicts);
  const first: readonly RunEvent[] = [
    ...(changed.length > 0 ? [{ type: 'verdicts-changed', v: 1, at: now, verdicts: changed } as const] : []),
    ...sight(state, look, now),
    ...expiries(state, now),
  ];
  const noted = first.reduce(evolve, state);
  const { watch, rollback } = noted;
  if (watch?.state === 'watching') {
    const breaches = look.verdicts.filter((verdict) => isBreach(verdict) && verdict.criterion !== 'runtime');
    const tick = { breaches, unrecorded: look.unrecorded };
    return { events: [...first, ...decideWatch(watch, tick, now)] };
  }
  // After a rollback nothing is proposed until a phase starts again: a relapse is for people to judge. One that ended
  // before it was through has not held, and one that the guard ended itself is planned again.
  const isAtRest = noted.afterRollback === true && !isCutShort(rollback) && rollback?.because === undefined;
  if (isUnderWay(rollback) || isAtRest) return { events: first };
  return { events: [...first, ...recommend(plan, noted, look.verdicts, now)] };
}
