import type { Plan } from '../plan/plan.ts';
import { type SchemaState, type Statements, statementsFor } from '../plan/statements.ts';
import type { PhaseState } from './phases.ts';
import { rollbackUnderWay, type RunState } from './state.ts';

export const isBeingUndone = (state: RunState, { phase }: PhaseState): boolean =>
  rollbackUnderWay(state)?.procedure.phases.includes(phase) === true;

/** Which schema names are possible, as far as this phase determines them. */
export function schemaState(state: RunState, phase: PhaseState): SchemaState {
  switch (phase.state) {
    case 'not-started':
    case 'undone':
      return 'not-started';
    case 'running':
    case 'failed':
    case 'unknown':
      return 'under-way';
    case 'finished':
      return isBeingUndone(state, phase) ? 'under-way' : 'applied';
  }
}

/** The statements that a probe may use now, the most likely first. */
export function statementsNow(plan: Plan, state: RunState | undefined, question: Statements): readonly string[] {
  const stateOf = (id: string): SchemaState => {
    const phase = state?.phases.find((one) => one.phase === id);
    return state === undefined || phase === undefined ? 'not-started' : schemaState(state, phase);
  };
  return statementsFor(
    question,
    stateOf,
    plan.phases.map(({ id }) => id),
  );
}
