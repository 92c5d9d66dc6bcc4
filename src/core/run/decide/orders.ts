import { isEnough, needsOf } from '../../authority/approvals.ts';
import { refuse, type Refusal, refuseWithoutRight } from '../../authority/refusal.ts';
import type { PhaseId } from '../../kernel/ids.ts';
import { after, type Instant } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import { type Procedure, restoreProcedure, rollbackProcedure } from '../../response/procedure.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { type Rollback } from '../../response/rollback.ts';
import { type Decision, no, record } from '../decision.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import type { OrderInput } from '../input.ts';
import { hasTouched, latestPhase, touchedPhases } from '../phases.ts';
import { refuseOtherPlan, refuseOtherUndo } from '../stale.ts';
import { rollbackUnderWay, type RunState } from '../state.ts';
import { since } from './attribution.ts';
import { refuseOverruling } from './overruling.ts';
import { addressed, bindingOf, nextId, startRollback } from './raise.ts';

const nothingToUndo = refuse(
  'nothing-to-undo',
  'no phase has changed anything',
  'a phase that was started and not undone',
);

/** The first phase to undo, or why there is none. */
function firstOf({ phases }: RunState, wanted: PhaseId | undefined): PhaseId | Refusal {
  if (wanted === undefined) return latestPhase(phases)?.phase ?? nothingToUndo;
  const phase = phases.find((one) => one.phase === wanted);
  if (phase !== undefined && hasTouched(phase)) return wanted;
  const known = touchedPhases(phases);
  if (known.length === 0) return nothingToUndo;
  const found = phase === undefined ? `the plan has no phase ${wanted}` : `${wanted} is ${phase.state}`;
  return refuse('nothing-to-undo', found, `one of: ${known.join(', ')}`);
}

/** A phase and those after it, the whole database, or by default the phase that was started last. */
export type Wanted = Pick<OrderInput, 'phase' | 'restore'>;

export interface Ordered {
  /** Absent for the whole database. */
  readonly first?: PhaseId;
  readonly procedure: Exclude<Procedure, { readonly kind: 'person' }>;
}

const underWay = ({ aborting }: Rollback): Refusal =>
  refuse(
    'rolling-back',
    aborting === undefined ? 'a rollback is under way' : `a rollback is under way, and ${aborting.by} is aborting it`,
    'no rollback under way',
    aborting === undefined ? 'Wait for its end, or end it: ripcord abort' : 'Wait for its end',
  );
const onePhase = refuse(
  'bad-request',
  'a phase and a restore',
  'one of them: a restore takes back every phase',
  'Leave one of them out',
);

/** Allowed even if no known phase has changed anything. */
function restoreFor(plan: Plan, { environment, phases }: RunState): Ordered | Refusal {
  const procedure = restoreProcedure(plan, environment, touchedPhases(phases));
  if (procedure.kind !== 'person') return { procedure };
  return refuse(
    'no-procedure',
    procedure.because,
    'the steps of a restore',
    'Add them to the plan, or restore by hand',
  );
}

/** The procedure that an order would carry out now, or why there is none. */
export function procedureFor(plan: Plan, state: RunState, { phase, restore }: Wanted): Ordered | Refusal {
  const now = rollbackUnderWay(state);
  if (now !== undefined) return underWay(now);
  if (restore === true) return phase === undefined ? restoreFor(plan, state) : onePhase;
  const first = firstOf(state, phase);
  if (typeof first === 'object') return first;
  const procedure = rollbackProcedure(plan, since(state.phases, first));
  if (procedure.kind !== 'person') return { first, procedure };
  const canRestore = plan.environments[state.environment]?.restore !== undefined;
  const todo = canRestore
    ? 'Restore the database: ripcord rollback --restore'
    : 'Restore by hand, or order a phase that has a script';
  return refuse('no-procedure', procedure.because, 'phases that each have a rollback script', todo);
}

/**
 * A principal with the right can order a rollback at any time, even if every check is well and the run is not armed. The
 * order becomes a recommendation without evidence that its author has approved. If the author's role needs another role,
 * the recommendation waits for it. An order supersedes an open recommendation.
 */
export function decideOrder(plan: Plan, state: RunState, input: OrderInput, now: Instant): Decision {
  const { by, reason } = input;
  const ordered = procedureFor(plan, state, input);
  if (!('procedure' in ordered)) return no(ordered);
  const { first, procedure } = ordered;
  const needs = needsOf(plan, state.environment, procedure.kind);
  const denied =
    refuseWithoutRight(plan, by, needs.right) ??
    refuseOtherPlan(state, input.planHash) ??
    refuseOtherUndo(state, input.undoRevision);
  if (denied !== undefined) return no(denied);
  const complete = isEnough(plan, needs, [{ by: by.id, role: by.role }]);
  const open = openRecommendation(state.recommendations);
  const overruling = open === undefined || complete ? undefined : refuseOverruling(plan, open, by, now);
  if (overruling !== undefined) return no(overruling);
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
  const common = { v: 1, at: now, recommendation: id } as const;
  return record(
    ...superseded,
    {
      type: 'recommendation-raised',
      ...common,
      evidence: open?.evidence ?? [],
      ...(first !== undefined && { attributedTo: first }),
      procedure,
      binding,
      expiresAt: after(now, plan.answering.recommendation_expires_after),
      notAutomaticBecause: [`${by.id} ordered it`],
      orderedBy: by.id,
      ...(!complete && addressed(plan, [])),
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
