import type { PhaseId } from '../../kernel/ids.ts';
import { type Instant, millis } from '../../kernel/units.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RollbackEvent } from '../../response/events.ts';
import { openRecommendation } from '../../response/recommendation.ts';
import { isBeforeSteps, isCutShort, isUnderWay, nextStep } from '../../response/rollback.ts';
import type { Step } from '../../response/step.ts';
import type { RunEvent } from '../events.ts';
import { evolve } from '../evolve.ts';
import { hasTouched } from '../phases.ts';
import type { RunState } from '../state.ts';
import { propose } from './attribution.ts';
import { raise } from './raise.ts';
import { replan } from './replan.ts';

/** A database that is half undone is no ground for the next phase: a person looks first. */
function held({ rollback, held: before }: RunState, now: Instant): readonly RunEvent[] {
  if (rollback?.aborting === undefined || before !== undefined) return [];
  const { by, reason } = rollback.aborting;
  return [{ type: 'run-held', v: 1, at: now, by, reason: `the rollback was aborted: ${reason}` }];
}

/** What the recommendation of the rollback under way rests on. */
const evidenceOf = ({ recommendations, rollback }: RunState) =>
  recommendations.find(({ id }) => id === rollback?.recommendation)?.evidence ?? [];

/** A rollback that was given up after it had begun has not held: the next rung is proposed, to people. */
function climb(plan: Plan, state: RunState, now: Instant): readonly RunEvent[] {
  if (!isCutShort(state.rollback) || openRecommendation(state.recommendations) !== undefined) return [];
  const evidence = evidenceOf(state);
  const proposal = propose(plan, state, evidence);
  return proposal === undefined ? [] : raise(plan, state, evidence, proposal, now);
}

function ended(plan: Plan, state: RunState, event: RollbackEvent, now: Instant): readonly RunEvent[] {
  const hold = held(state, now);
  return [...hold, ...climb(plan, [event, ...hold].reduce(evolve, state), now)];
}

function notNeeded(
  { rollback }: RunState,
  which: (step: Step) => boolean,
  because: string,
  now: Instant,
): readonly RunEvent[] {
  if (rollback === undefined) return [];
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

/** Phases may have ended while work was stopped, and the plan may be another: the approval may not cover it any more. */
function plannedAgain(plan: Plan, before: RunState, event: RollbackEvent, now: Instant): readonly RunEvent[] {
  const state = evolve(before, event);
  if (!isUnderWay(state.rollback) || !isBeforeSteps(state.rollback)) return [];
  const again = replan(plan, state, state.rollback);
  switch (again.goOn) {
    case 'as-approved':
      return [];
    case 'with-less': {
      const isSpared = ({ phase }: Step) => phase !== undefined && again.spared.includes(phase);
      const spared = notNeeded(state, isSpared, 'the phase is not applied any more', now);
      return [...spared, ...finish(plan, spared.reduce(evolve, state), now)];
    }
    case 'not': {
      const { id } = state.rollback;
      const stopped: RunEvent = { type: 'rollback-aborted', v: 1, at: now, rollback: id, because: again.because };
      return [stopped, ...raise(plan, evolve(state, stopped), evidenceOf(state), again.proposal, now)];
    }
  }
}

/** After the last step the rollback is done, and the watch begins. A restore has taken back every phase. */
function finish(plan: Plan, { rollback, phases }: RunState, now: Instant): readonly RunEvent[] {
  if (rollback === undefined || nextStep(rollback) !== undefined) return [];
  const restored = phases.filter((one) => rollback.procedure.kind === 'restore' && hasTouched(one));
  return [
    ...restored.map(({ phase }): RunEvent => ({ type: 'phase-undone', v: 1, at: now, phase })),
    { type: 'rollback-done', v: 1, at: now, rollback: rollback.id },
    { type: 'watch-started', v: 1, at: now, length: plan.watch.for },
  ];
}

/** What follows from a step that is done: its phase is undone when it was the proof, and after the last step the watch. */
function afterStep(
  plan: Plan,
  state: RunState,
  event: Extract<RollbackEvent, { type: 'step-done' }>,
  now: Instant,
): readonly RunEvent[] {
  const step = state.rollback?.steps.find(({ step: { id } }) => id === event.step)?.step;
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

/** What follows from what a rollback has done or seen, in the same append. */
export function consequences(plan: Plan, state: RunState, event: RollbackEvent, now: Instant): readonly RunEvent[] {
  if (event.type === 'rollback-aborted') return ended(plan, state, event, now);
  if (event.type === 'stop-work-proved') return plannedAgain(plan, state, event, now);
  if (event.type === 'step-done') return afterStep(plan, state, event, now);
  if (event.type !== 'phase-applied' || event.extent !== 'not-at-all') return [];
  const because = 'the phase has changed nothing: all is as at its boundary';
  return notNeeded(state, isUndoOf(event.phase), because, now);
}
