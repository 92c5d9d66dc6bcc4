import type { PhaseState } from '../core/run/phases.ts';
import type { RunState } from '../core/run/state.ts';
import { isUnderWay } from '../core/response/rollback.ts';
import type { Plan } from '../core/plan/plan.ts';
import { type SchemaState, statementsFor } from '../core/plan/statements.ts';

/** Which names the schema may have, as far as this phase decides it. */
export function schemaState(state: RunState, phase: PhaseState): SchemaState {
  const undoing = isUnderWay(state.rollback) && state.rollback.procedure.phases.includes(phase.phase);
  switch (phase.state) {
    case 'not-started':
    case 'undone':
      return 'not-started';
    case 'running':
    case 'failed':
    case 'unknown':
      return 'under-way';
    case 'finished':
      return undoing ? 'under-way' : 'applied';
  }
}

/** The statements that may be asked now, the likeliest first. */
export function statementsNow(
  plan: Plan,
  state: RunState | undefined,
  question: { readonly sql?: string | undefined; readonly after: Readonly<Record<string, string>> },
): readonly string[] {
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
