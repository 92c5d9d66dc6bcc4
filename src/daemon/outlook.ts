import type { ConditionNow, Outlook, StepOutlook } from '../api/guard.ts';
import { missingApprovals, needsOf } from '../core/authority/approvals.ts';
import type { Refusal } from '../core/authority/refusal.ts';
import { worked } from '../core/evidence/phase-clock.ts';
import { type Instant, type Millis, millis } from '../core/kernel/units.ts';
import { type Condition, sayCondition } from '../core/plan/conditions.ts';
import { sayStep, stepDetails } from '../core/response/say-step.ts';
import { limitOf, mayRepeat, type Step } from '../core/response/step.ts';
import { procedureFor, type Wanted } from '../core/run/decide/orders.ts';
import { runningPhase } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { look } from '../rollback/look.ts';
import type { LoadedPlan } from './load-plan.ts';
import { lossesOf } from './losses.ts';
import { lookForShortcomings } from './shortcomings.ts';
import type { TargetDesk } from './target-desk.ts';

export interface OutlookParts {
  readonly loaded: LoadedPlan;
  readonly desk: TargetDesk;
  readonly state: RunState;
  readonly wanted: Wanted;
  readonly now: Instant;
}

async function outlookOfStep({ loaded, desk }: OutlookParts, step: Step): Promise<StepOutlook> {
  const { fill, secrets } = loaded;
  const { id, kind, title, estimate, tier } = step;
  const timeout = limitOf(step);
  const lookAt = async (condition: Condition | undefined): Promise<ConditionNow | undefined> => {
    if (condition === undefined) return undefined;
    const seen = await look(condition, { target: desk.checks, fill, secrets });
    return { ...seen, asks: sayCondition(condition, fill) };
  };
  const [precondition, proof] = await Promise.all([lookAt(step.precondition), lookAt(step.proof)]);
  return {
    step: id,
    kind,
    does: sayStep(step, fill),
    details: stepDetails(step, fill),
    repeatable: mayRepeat(step),
    ...(timeout !== undefined && { timeout }),
    ...(title !== undefined && { title }),
    ...(estimate !== undefined && { estimate }),
    ...(tier !== undefined && { tier }),
    ...(precondition !== undefined && { precondition }),
    ...(proof !== undefined && { proof }),
  };
}

/** How much longer the running phase would take by its own estimate: 0 where it is over that, undefined where none runs. */
export function remainingOf({ state, now }: Pick<OutlookParts, 'state' | 'now'>): Millis | undefined {
  const clock = runningPhase(state.phases)?.clock;
  return clock === undefined ? undefined : millis(Math.max(0, clock.estimate - worked(clock, now)));
}

/** What ordering a rollback now would do. Looks only. */
export async function outlookOf(parts: OutlookParts): Promise<Outlook | { readonly refused: Refusal }> {
  const { loaded, desk, state, wanted } = parts;
  const ordered = procedureFor(loaded.plan, state, wanted);
  if (!('procedure' in ordered)) return { refused: ordered };
  const { procedure } = ordered;
  const { phases, steps, estimate } = procedure;
  const remaining = remainingOf(parts);
  const { fences, ...lacks } = await lookForShortcomings(desk, loaded);
  return {
    phases,
    needs: missingApprovals(loaded.plan, needsOf(loaded.plan, state.environment, procedure.kind), []),
    steps: await Promise.all(steps.map((step) => outlookOfStep(parts, step))),
    loses: await lossesOf(loaded.plan, procedure, desk.control),
    obstacles: [...lacks.unfenced, ...lacks.others],
    ...(fences !== undefined && { fences }),
    ...(estimate !== undefined && { estimate }),
    ...(remaining !== undefined && { remaining }),
  };
}
