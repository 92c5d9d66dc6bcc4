import { type PhaseId, phaseId } from '../kernel/ids.ts';
import { type Millis, millis } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import { estimateOf as estimateOfSteps, type Step, undoSteps } from './step.ts';

export type Procedure =
  | {
      /** One phase and those after it; every phase that was applied; or the whole database from its backup. */
      readonly kind: 'phase-rollback' | 'unwind' | 'restore';
      /** In the order in which they are undone: the latest first. */
      readonly phases: readonly PhaseId[];
      readonly steps: readonly Step[];
      /** Absent where the plan does not say, for one of them, how long it takes. */
      readonly estimate?: Millis;
    }
  /** Ripcord has no step that it may take; a person must act. */
  | { readonly kind: 'person'; readonly phases: readonly PhaseId[]; readonly because: string };

function estimateOf(phases: readonly PhasePlan[]): Millis | undefined {
  const each = phases.map(({ rollback }) =>
    rollback === 'restore'
      ? undefined
      : (rollback.estimate ?? ('steps' in rollback ? estimateOfSteps(rollback.steps) : undefined)),
  );
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

export function sayProcedure(procedure: Procedure): string {
  switch (procedure.kind) {
    case 'phase-rollback':
      return `roll back ${procedure.phases.join(', then ')}`;
    case 'unwind':
      return `unwind everything: roll back ${procedure.phases.join(', then ')}`;
    case 'restore':
      return `restore the database, which takes back ${procedure.phases.join(', ')}`;
    case 'person':
      return `a person must act: ${procedure.because}`;
  }
}
