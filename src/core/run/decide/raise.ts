import { coverage } from '../../authority/pre-approval.ts';
import { hashOf } from '../../kernel/hash.ts';
import { recommendationId, rollbackId, type RecommendationId } from '../../kernel/ids.ts';
import { after, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Binding } from '../../response/events.ts';
import type { Procedure } from '../../response/procedure.ts';
import type { Recommendation } from '../../response/recommendation.ts';
import { keyOf, type Verdict } from '../../verdicts/verdict.ts';
import type { RunEvent } from '../events.ts';
import type { RunState } from '../state.ts';
import type { Proposal } from './attribution.ts';

/** What an approval of this procedure would be bound to now. */
export const bindingOf = (state: RunState, procedure: Procedure): Binding => ({
  planHash: state.plan.hash,
  procedureHash: hashOf(procedure),
  phasesHash: hashOf(state.phases.map(({ phase, state: is, attempt }) => [phase, is, attempt])),
});

export const sameBinding = (a: Binding, b: Binding): boolean =>
  a.planHash === b.planHash && a.procedureHash === b.procedureHash && a.phasesHash === b.phasesHash;

export function startRollback(
  recommendation: Pick<Recommendation, 'id' | 'procedure'>,
  trigger: 'automatic' | 'approved',
  by: string,
  now: Instant,
): RunEvent {
  const { id, procedure } = recommendation;
  const rollback = rollbackId(`${id}-rollback`);
  return { type: 'rollback-started', v: 1, at: now, rollback, recommendation: id, trigger, by, procedure };
}

const nextId = (state: RunState): RecommendationId =>
  recommendationId(`${state.run}-r${state.recommendations.length + 1}`);

/** Raises the recommendation and, where an activated pre-approval covers all of it, acts on it at once. */
export function raise(
  plan: Plan,
  state: RunState,
  evidence: readonly Verdict[],
  { attributedTo, procedure }: Proposal,
  now: Instant,
): readonly RunEvent[] {
  const id = nextId(state);
  const binding = bindingOf(state, procedure);
  const expiresAt = after(now, plan.answering.recommendation_expires_after);
  const criteria = [...new Set(evidence.map(({ criterion }) => criterion))];
  const wish = {
    criteria,
    phases: procedure.phases,
    environment: state.environment,
    procedure: procedure.kind,
    planHash: state.plan.hash,
  };
  const may =
    procedure.kind === 'person'
      ? { covered: false as const, missing: [procedure.because] }
      : evidence.some((one) => state.verdicts.get(keyOf(one))?.verdict.status === 'breach')
        ? coverage(plan, state.authority, wish, now)
        : { covered: false as const, missing: ['the breach cannot be looked at just now'] };
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
  };
  if (!may.covered) return [raised];
  return [
    raised,
    { type: 'pre-approval-used', v: 1, at: now, preApproval: may.by, recommendation: id },
    {
      type: 'recommendation-approved',
      v: 1,
      at: now,
      recommendation: id,
      by: 'pre-approval',
      role: 'pre-approval',
      reason: `covered by ${may.by}`,
      binding,
      expiresAt,
      complete: true,
    },
    startRollback({ id, procedure }, 'automatic', may.by, now),
  ];
}
