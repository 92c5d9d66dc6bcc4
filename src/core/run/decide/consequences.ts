import type { PhaseId } from '../../kernel/ids.ts';
import { type Instant, millis } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RollbackEvent } from '../../response/events.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { isBeforeSteps, isCutShort, nextStep, type Rollback } from '../../response/rollback.ts';
import type { Step } from '../../response/step.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import { hasTouched } from '../phases.ts';
import { isHeldSo, rollbackOf, rollbackUnderWay, type RunState } from '../state.ts';
import { propose } from './attribution.ts';
import { raise } from './raise.ts';
import { isOfThisPlan, type Replan, replan } from './replan.ts';

/** A half-undone database holds the run, so that a person checks it before the next phase. */
function held(state: RunState, now: Instant): readonly RunEvent[] {
  const { aborting } = rollbackOf(state) ?? {};
  if (aborting === undefined) return [];
  const { by } = aborting;
  const reason = `the rollback was aborted: ${aborting.reason}`;
  return isHeldSo(state, by, reason) ? [] : [{ type: 'run-held', v: 1, at: now, by, reason }];
}

/** The evidence of the recommendation behind the current rollback. */
const evidenceOf = (state: RunState) =>
  state.recommendations.find(({ id }) => id === rollbackOf(state)?.recommendation)?.evidence ?? [];

/** A rollback that was given up after it had begun has failed, so the guard recommends the next procedure to people. */
function climb(plan: Plan, state: RunState, now: Instant): readonly RunEvent[] {
  if (!isCutShort(rollbackOf(state)) || openRecommendation(state.recommendations) !== undefined) return [];
  const evidence = evidenceOf(state);
  const proposal = propose(plan, state, evidence);
  return proposal === undefined ? [] : raise(plan, state, evidence, proposal, now);
}

function ended(plan: Plan, state: RunState, event: RollbackEvent, now: Instant): readonly RunEvent[] {
  const hold = held(state, now);
  return [...hold, ...climb(plan, [event, ...hold].reduce(evolve, state), now)];
}

function notNeeded(
  rollback: Rollback,
  which: (step: Step) => boolean,
  because: string,
  now: Instant,
): readonly RunEvent[] {
  return rollback.steps
    .filter(({ step, state }) => which(step) && state === 'waiting')
    .map(({ step }) => ({
      type: 'step-done',
      v: 1,
      at: now,
      rollback: rollback.id,
      step: step.id,
      took: millis(0),
      output: because,
      how: 'not-needed',
    }));
}

/** Phases may have ended while work was being stopped, or the plan may have changed, so the approval may no longer fit. */
function plannedAgain(plan: Plan, before: RunState, event: RollbackEvent, now: Instant): readonly RunEvent[] {
  const state = evolve(before, event);
  const rollback = rollbackUnderWay(state);
  if (rollback === undefined || !isBeforeSteps(rollback)) return [];
  const again = replan(plan, state, rollback);
  switch (again.goOn) {
    case 'as-approved':
      return [];
    case 'with-less': {
      const isSpared = ({ phase }: Step) => phase !== undefined && again.spared.includes(phase);
      const spared = notNeeded(rollback, isSpared, 'the phase is no longer applied', now);
      return [...spared, ...finish(plan, spared.reduce(evolve, state), now)];
    }
    case 'not':
      return proposedInstead(plan, state, rollback, again, now);
  }
}

/** Ends the rollback before its first step and raises a recommendation for the current procedure. */
function proposedInstead(
  plan: Plan,
  state: RunState,
  { id }: Rollback,
  { because, proposal }: Extract<Replan, { goOn: 'not' }>,
  now: Instant,
): readonly RunEvent[] {
  const stopped: RunEvent = { type: 'rollback-aborted', v: 1, at: now, rollback: id, because };
  return [stopped, ...raise(plan, evolve(state, stopped), evidenceOf(state), proposal, now)];
}

/** What to do instead of the first step if the rollback was approved under another plan. */
export function insteadOfFirstStep(
  plan: Plan,
  state: RunState,
  rollback: Rollback,
  now: Instant,
): readonly RunEvent[] | undefined {
  if (!isBeforeSteps(rollback) || isOfThisPlan(state, rollback)) return undefined;
  const again = replan(plan, state, rollback);
  return again.goOn === 'not' ? proposedInstead(plan, state, rollback, again, now) : undefined;
}

/** After the last step the rollback is done and the watch begins. A restore marks every phase as undone. */
function finish(plan: Plan, state: RunState, now: Instant): readonly RunEvent[] {
  const rollback = rollbackOf(state);
  if (rollback === undefined || nextStep(rollback) !== undefined) return [];
  const restored = state.phases.filter((one) => rollback.procedure.kind === 'restore' && hasTouched(one));
  return [
    ...restored.map(({ phase }): RunEvent => ({ type: 'phase-undone', v: 1, at: now, phase })),
    { type: 'rollback-done', v: 1, at: now, rollback: rollback.id },
    { type: 'watch-started', v: 1, at: now, length: plan.watch.for },
  ];
}

/** A phase is undone once its proof step is done; after the last step the watch begins. */
function afterStep(
  plan: Plan,
  state: RunState,
  event: Extract<RollbackEvent, { type: 'step-done' }>,
  now: Instant,
): readonly RunEvent[] {
  const step = rollbackOf(state)?.steps.find(({ step: { id } }) => id === event.step)?.step;
  const undone: readonly RunEvent[] =
    step?.kind === 'verify' && step.phase !== undefined
      ? [{ type: 'phase-undone', v: 1, at: now, phase: step.phase }]
      : [];
  return [...undone, ...finish(plan, [event, ...undone].reduce(evolve, state), now)];
}

const isUndoOf =
  (phase: PhaseId) =>
  (step: Step): boolean =>
    step.kind !== 'verify' && step.phase === phase;

/** The events that follow from a rollback event, recorded in the same append. */
export function consequences(plan: Plan, state: RunState, event: RollbackEvent, now: Instant): readonly RunEvent[] {
  if (event.type === 'rollback-aborted') return ended(plan, state, event, now);
  if (event.type === 'stop-work-proved') return plannedAgain(plan, state, event, now);
  if (event.type === 'step-done') return afterStep(plan, state, event, now);
  if (event.type !== 'phase-applied' || event.extent !== 'not-at-all') return [];
  const because = 'its command never started, and the schema and the checks are as at its boundary';
  const rollback = rollbackOf(state);
  return rollback === undefined ? [] : notNeeded(rollback, isUndoOf(event.phase), because, now);
}
