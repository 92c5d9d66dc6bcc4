import { type PhaseId, phaseId } from '../kernel/ids.ts';
import type { Millis } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import { estimateOf, restoreSteps, type Step, undoSteps, verifyAll } from './step.ts';

export type Procedure =
  | {
      /** One phase and those after it; every phase that was applied; or the whole database from its backup. */
      readonly kind: 'phase-rollback' | 'unwind' | 'restore';
      /** In the order of undoing: the latest first. */
      readonly phases: readonly PhaseId[];
      readonly steps: readonly Step[];
      /** Absent if the plan does not estimate one of them. */
      readonly estimate?: Millis;
    }
  /** Ripcord cannot take any step; a person must act. */
  | { readonly kind: 'person'; readonly phases: readonly PhaseId[]; readonly because: string };

/** The plan's estimate for the phase, or else the sum of the estimates of its steps. */
function estimateOfPhase({ rollback }: PhasePlan): Millis | undefined {
  if (rollback === 'restore') return undefined;
  return rollback.estimate ?? ('steps' in rollback ? estimateOf(rollback.steps) : undefined);
}

const latestFirst = (plan: Plan, phases: readonly PhaseId[]): readonly PhasePlan[] =>
  plan.phases.filter(({ id }) => phases.includes(phaseId(id))).toReversed();

/** Proves that everything is as before the change, if the plan has verification queries. */
const proofOfAll = ({ verification }: Plan): readonly Step[] => (verification.length === 0 ? [] : [verifyAll]);

/**
 * Undoes these phases, the latest first, and proves each against its own boundary before the next. A phase without a script
 * needs a restore. An unwind undoes every applied phase and is proved as a whole at the end.
 */
export function rollbackProcedure(
  plan: Plan,
  phases: readonly PhaseId[],
  kind: 'phase-rollback' | 'unwind' = 'phase-rollback',
): Procedure {
  const order = latestFirst(plan, phases);
  const ids = order.map(({ id }) => phaseId(id));
  if (phases.length === 0) return { kind: 'person', phases: [], because: 'no phase has changed anything to undo' };
  const unknown = phases.filter((phase) => !ids.includes(phase));
  if (unknown.length > 0) {
    return { kind: 'person', phases, because: `the plan no longer says how to undo ${unknown.join(' and ')}` };
  }
  const steps = order.map(undoSteps);
  const withoutScript = order.filter((_, index) => steps[index] === undefined).map(({ id }) => id);
  if (withoutScript.length > 0) {
    const because = `${withoutScript.join(' and ')} has no rollback script: restore from the backup`;
    return { kind: 'person', phases: ids, because };
  }
  const estimate = estimateOf(order.map((phase) => ({ estimate: estimateOfPhase(phase) })));
  return {
    kind,
    phases: ids,
    steps: [...steps.flatMap((some) => some ?? []), ...(kind === 'unwind' ? proofOfAll(plan) : [])],
    ...(estimate !== undefined && { estimate }),
  };
}

/** Restores the whole database from its backup, which undoes these phases. */
export function restoreProcedure(plan: Plan, environment: string, phases: readonly PhaseId[]): Procedure {
  const ids = latestFirst(plan, phases).map(({ id }) => phaseId(id));
  const person = (because: string): Procedure => ({ kind: 'person', phases: ids, because });
  const { restore, estimate } = plan.environments[environment] ?? {};
  if (restore === undefined) return person(`the environment ${environment} has no restore section`);
  const steps = restoreSteps(restore);
  const isVerified = steps.some(({ kind, phase }) => kind === 'verify' && phase === undefined);
  return {
    kind: 'restore',
    phases: ids,
    steps: isVerified ? steps : [...steps, ...proofOfAll(plan)],
    ...(estimate?.rollback !== undefined && { estimate: estimate.rollback }),
  };
}

export function sayProcedure(procedure: Procedure): string {
  switch (procedure.kind) {
    case 'phase-rollback':
      return `roll back ${procedure.phases.join(', then ')}`;
    case 'unwind':
      return `unwind everything: roll back ${procedure.phases.join(', then ')}`;
    case 'restore':
      return `restore the database${procedure.phases.length === 0 ? '' : `, which takes back ${procedure.phases.join(', ')}`}`;
    case 'person':
      return `a person must act: ${procedure.because}`;
  }
}
