import type { PhaseId, RollbackId, StepId } from '../kernel/ids.ts';
import type { Millis } from '../kernel/units.ts';
import { type Procedure, sayProcedure } from '../response/procedure.ts';
import { type Recommendation, validApprovals } from '../response/recommendation.ts';
import { leftToPeople, nextStep, openQuestion, type Rollback, type StepState } from '../response/rollback.ts';
import { sayWork } from '../response/say-step.ts';
import { limitOf } from '../response/step.ts';

export interface RollbackView extends Omit<Rollback, 'procedure' | 'steps'> {
  readonly proposes: string;
  /** The people whose approvals authorise it together; empty if it was pre-approved. */
  readonly approvedBy: readonly string[];
  /** The question that a person must answer before it continues. */
  readonly asks?: string;
  readonly steps: readonly StepView[];
}

/** A rollback that was given up after it had begun, until one is completed or a phase starts again. */
export interface GivenUpView {
  readonly rollback: RollbackId;
  readonly kind: Procedure['kind'];
  /** The first step that is not done. */
  readonly step: StepId;
  /** The phase that this step undoes; absent for a restore. */
  readonly phase?: PhaseId;
  /** The steps of a restore that Ripcord did not take. */
  readonly leftToYou: readonly string[];
}

export interface StepView extends Omit<StepState, 'step' | 'tag' | 'child' | 'agains' | 'on' | 'unseen'> {
  readonly id: string;
  readonly kind: string;
  readonly title?: string;
  /** The current step in one line, as the plan has it. */
  readonly does?: string;
  /** Absent for a step of a restore. */
  readonly phase?: PhaseId;
  /** How long one attempt may take, and how often the guard may retry it. */
  readonly limit?: Millis;
  readonly retries?: number;
}

function stepView({ step, ...all }: StepState): StepView {
  const { tag: _tag, child: _child, agains: _agains, on: _on, unseen: _unseen, ...state } = all;
  const { id, kind, title, phase, retry } = step;
  const limit = limitOf(step);
  return {
    id,
    kind,
    ...(title !== undefined && { title }),
    ...(state.state === 'started' && { does: sayWork(step) }),
    ...(phase !== undefined && { phase }),
    ...(limit !== undefined && { limit }),
    ...(retry !== undefined && { retries: retry.times }),
    ...state,
  };
}

function approversOf({ recommendation, trigger, startedAt }: Rollback, all: readonly Recommendation[]) {
  const one = trigger === 'automatic' ? undefined : all.find(({ id }) => id === recommendation);
  return one === undefined ? [] : validApprovals(one, startedAt).map(({ by }) => by);
}

export function rollbackView(rollback: Rollback, recommendations: readonly Recommendation[]): RollbackView {
  const { procedure, steps, ...rest } = rollback;
  const asks = openQuestion(rollback);
  return {
    ...rest,
    proposes: sayProcedure(procedure),
    approvedBy: approversOf(rollback, recommendations),
    steps: steps.map(stepView),
    ...(asks !== undefined && { asks }),
  };
}

export function givenUpView(rollback: Rollback): GivenUpView | undefined {
  const step = nextStep(rollback)?.step;
  if (step === undefined) return undefined;
  return {
    rollback: rollback.id,
    kind: rollback.procedure.kind,
    step: step.id,
    ...(step.phase !== undefined && { phase: step.phase }),
    leftToYou: leftToPeople(rollback),
  };
}
