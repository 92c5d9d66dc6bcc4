import { isEnough, needsOf } from '../../authority/approvals.ts';
import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import type { PhaseId } from '../../kernel/ids.ts';
import { after, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Procedure, undoing } from '../../response/procedure.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { isUnderWay } from '../../response/rollback.ts';
import { type Decision, no, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { OrderInput } from '../input.ts';
import { hasTouched, latestPhase } from '../phases.ts';
import type { RunState } from '../state.ts';
import { since } from './attribution.ts';
import { bindingOf, nextId, startRollback } from './raise.ts';

const nothingToUndo = refuse(
  'nothing-to-undo',
  'no phase has changed anything',
  'a phase that was started and not undone',
  'See `ripcord run status`',
);

/** The first phase to undo, or why there is none. */
function firstOf({ phases, rollback }: RunState, wanted: PhaseId | undefined): PhaseId | Refusal {
  if (isUnderWay(rollback))
    return refuse('rolling-back', 'a rollback is under way', 'a run at rest', 'Wait for its end, or: ripcord abort');
  if (wanted === undefined) return latestPhase(phases)?.phase ?? nothingToUndo;
  const phase = phases.find((one) => one.phase === wanted);
  if (phase !== undefined && hasTouched(phase)) return wanted;
  const known = phases.filter(hasTouched).map((one) => one.phase);
  if (known.length === 0) return nothingToUndo;
  const found = phase === undefined ? `the plan has no phase ${wanted}` : `${wanted} is ${phase.state}`;
  return refuse('nothing-to-undo', found, `one of: ${known.join(', ')}`, 'See `ripcord run status`');
}

export interface Ordered {
  readonly first: PhaseId;
  readonly procedure: Exclude<Procedure, { readonly kind: 'person' }>;
}

/** What an order would carry out now, or why it cannot. */
export function procedureFor(plan: Plan, state: RunState, wanted: PhaseId | undefined): Ordered | Refusal {
  const first = firstOf(state, wanted);
  if (typeof first === 'object') return first;
  const procedure = undoing(plan, since(state.phases, first));
  if (procedure.kind !== 'person') return { first, procedure };
  const todo = 'Restore by hand, or order a phase that has a script';
  return refuse('no-procedure', procedure.because, 'phases that each have a rollback script', todo);
}

/**
 * A rollback by somebody with authority, at any time: every light may be green, and the run need not be armed. It becomes a
 * recommendation of its own, without evidence, that its author has approved; where another role is needed beside theirs, it
 * waits for that one. An open recommendation is superseded by it.
 */
export function decideOrder(plan: Plan, state: RunState, input: OrderInput, now: Instant): Decision {
  const { by, reason } = input;
  const ordered = procedureFor(plan, state, input.phase);
  if (!('procedure' in ordered)) return no(ordered);
  const { first, procedure } = ordered;
  const needs = needsOf(plan, state.environment, procedure.kind);
  const denied = refuseWithoutRight(plan, by, needs.right);
  if (denied !== undefined) return no(denied);
  const open = openRecommendation(state.recommendations);
  const superseded: readonly RunEvent[] =
    open === undefined
      ? []
      : [
          {
            type: 'recommendation-superseded',
            v: 1,
            at: now,
            recommendation: open.id,
            because: `${by.id} ordered a rollback`,
          },
        ];
  const next = superseded.reduce(evolve, state);
  const id = nextId(next);
  const binding = bindingOf(next, procedure);
  const complete = isEnough(plan, needs, [{ by: by.id, role: by.role }]);
  const common = { v: 1, at: now, recommendation: id } as const;
  return record(
    ...superseded,
    {
      type: 'recommendation-raised',
      ...common,
      evidence: open?.evidence ?? [],
      attributedTo: first,
      procedure,
      binding,
      expiresAt: after(now, plan.answering.recommendation_expires_after),
      notAutomaticBecause: [`${by.id} ordered it`],
      orderedBy: by.id,
    },
    {
      type: 'recommendation-approved',
      ...common,
      by: by.id,
      role: by.role,
      reason,
      binding,
      expiresAt: after(now, plan.answering.approval_expires_after),
      complete,
    },
    ...(complete ? [startRollback({ id, procedure }, 'ordered', by.id, now)] : []),
  );
}
