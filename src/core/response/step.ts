import { type PhaseId, phaseId, type StepId, stepId } from '../kernel/ids.ts';
import { type Millis, millis } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { RestorePlan, UndoStep } from '../plan/procedures.ts';
import type { Expectation } from '../plan/questions.ts';

interface StepCommon {
  readonly id: StepId;
  /** The phase that the step undoes, or whose boundary it compares with; absent where it concerns the whole database. */
  readonly phase?: PhaseId;
  readonly timeout: Millis;
  /** May run again when a crash leaves open whether it ended. */
  readonly repeatable: boolean;
  readonly proof?: { readonly sql: string; readonly expect: Expectation };
}

export type Step =
  | (StepCommon & { readonly kind: 'command'; readonly command: readonly string[] })
  | (StepCommon & { readonly kind: 'sql'; readonly sql: string })
  /** Compares the database with the phase's boundary; without a phase, asks the plan's verification queries. */
  | (StepCommon & { readonly kind: 'verify' });

const verifyTimeout = millis(300_000);

/** The plan's verification queries: part of the proof after a complete unwind and after a restore. */
export const verifyAll: Step = { id: stepId('verification'), kind: 'verify', timeout: verifyTimeout, repeatable: true };

function undoStep(phase: PhaseId, step: UndoStep): Step {
  const { id, timeout, repeatable, proof } = step;
  const common = { id: stepId(`${phase}/${id}`), phase, timeout, repeatable, ...(proof !== undefined && { proof }) };
  return 'command' in step
    ? { ...common, kind: 'command', command: step.command }
    : { ...common, kind: 'sql', sql: step.sql };
}

/** What undoes a phase, and the proof that it did; undefined where only a restore does. */
export function undoSteps({ id, rollback }: PhasePlan): readonly Step[] | undefined {
  const phase = phaseId(id);
  const verify: Step = { id: stepId(`${id}/verify`), phase, kind: 'verify', timeout: verifyTimeout, repeatable: true };
  if (rollback === 'restore') return undefined;
  if ('steps' in rollback) return [...rollback.steps.map((step) => undoStep(phase, step)), verify];
  const { command, timeout, repeatable } = rollback;
  return [{ id: stepId(`${id}/undo`), phase, kind: 'command', command, timeout, repeatable }, verify];
}

function restoreStep(step: RestorePlan['steps'][number]): Step | undefined {
  const { timeout, proof } = step;
  if (proof !== undefined && !('sql' in proof)) return undefined;
  const common = { id: stepId(step.id), timeout, repeatable: false, ...(proof !== undefined && { proof }) };
  if ('command' in step) return { ...common, kind: 'command', command: step.command };
  return 'verify' in step ? { ...common, kind: 'verify', repeatable: true } : undefined;
}

/** The steps of a restore; undefined where one of them is of a kind that cannot be taken. */
export function restoreSteps({ steps }: RestorePlan): readonly Step[] | undefined {
  const all = steps.map(restoreStep);
  return all.every((step) => step !== undefined) ? all : undefined;
}
