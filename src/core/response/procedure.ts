import { type PhaseId, phaseId, type StepId, stepId } from '../kernel/ids.ts';
import { type Millis, millis } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import type { UndoStep } from '../plan/procedures.ts';
import type { Expectation } from '../plan/questions.ts';

interface StepCommon {
  readonly id: StepId;
  /** The phase that the step undoes, or whose boundary it compares with. */
  readonly phase: PhaseId;
  readonly timeout: Millis;
  /** May run again when a crash leaves open whether it ended. */
  readonly repeatable: boolean;
  readonly proof?: { readonly sql: string; readonly expect: Expectation };
}

export type Step =
  | (StepCommon & { readonly kind: 'command'; readonly command: readonly string[] })
  | (StepCommon & { readonly kind: 'sql'; readonly sql: string })
  /** Compares the database with the phase's boundary. */
  | (StepCommon & { readonly kind: 'verify' });

export type Procedure =
  | {
      readonly kind: 'phase-rollback';
      /** In the order in which they are undone: the latest first. */
      readonly phases: readonly PhaseId[];
      readonly steps: readonly Step[];
      /** Absent where a phase's rollback has no estimate. */
      readonly estimate?: Millis;
    }
  /** Ripcord has no step that it may take; a person must act. */
  | { readonly kind: 'person'; readonly phases: readonly PhaseId[]; readonly because: string };

const verifyTimeout = millis(300_000);

function undoStep(phase: PhaseId, step: UndoStep): Step {
  const { id, timeout, repeatable, proof } = step;
  const common = { id: stepId(`${phase}/${id}`), phase, timeout, repeatable, ...(proof !== undefined && { proof }) };
  return 'command' in step
    ? { ...common, kind: 'command', command: step.command }
    : { ...common, kind: 'sql', sql: step.sql };
}

function undoSteps({ id, rollback }: PhasePlan): readonly Step[] | undefined {
  const phase = phaseId(id);
  const verify: Step = { id: stepId(`${id}/verify`), phase, kind: 'verify', timeout: verifyTimeout, repeatable: true };
  if (rollback === 'restore') return undefined;
  if ('steps' in rollback) return [...rollback.steps.map((step) => undoStep(phase, step)), verify];
  const { command, timeout, repeatable } = rollback;
  return [{ id: stepId(`${id}/undo`), phase, kind: 'command', command, timeout, repeatable }, verify];
}

function estimateOf(phases: readonly PhasePlan[]): Millis | undefined {
  const each = phases.map(({ rollback }) => (rollback === 'restore' ? undefined : rollback.estimate));
  return each.every((one) => one !== undefined) ? millis(each.reduce((sum, one) => sum + one, 0)) : undefined;
}

/**
 * Undo the phase that the breach is attributed to, and first every phase that came after it; each is proved against its
 * own boundary before the next. A phase without a script needs a restore.
 */
export function undoing(plan: Plan, phases: readonly PhaseId[]): Procedure {
  const order = plan.phases.filter(({ id }) => phases.includes(phaseId(id))).toReversed();
  const ids = order.map(({ id }) => phaseId(id));
  if (phases.length === 0)
    return { kind: 'person', phases: [], because: 'no phase has changed anything that could be undone' };
  const unknown = phases.filter((phase) => !ids.includes(phase));
  if (unknown.length > 0) {
    return { kind: 'person', phases, because: `the plan no longer says how ${unknown.join(' and ')} is undone` };
  }
  const steps = order.map(undoSteps);
  const withoutScript = order.filter((_, index) => steps[index] === undefined).map(({ id }) => id);
  if (withoutScript.length > 0) {
    const because = `${withoutScript.join(' and ')} has no rollback script: restore from the backup`;
    return { kind: 'person', phases: ids, because };
  }
  const estimate = estimateOf(order);
  return {
    kind: 'phase-rollback',
    phases: ids,
    steps: steps.flatMap((some) => some ?? []),
    ...(estimate !== undefined && { estimate }),
  };
}

export const sayProcedure = (procedure: Procedure): string =>
  procedure.kind === 'phase-rollback'
    ? `roll back ${procedure.phases.join(', then ')}`
    : `a person must act: ${procedure.because}`;
