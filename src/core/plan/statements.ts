/** A phase's progress as far as it affects the names of tables and columns. */
export type SchemaState = 'not-started' | 'under-way' | 'applied';

/**
 * The statements of which one must work now. Each phase that changes names can provide its own statement, which takes over
 * once the phase is applied; the latest phase in the plan's order wins. While a phase is under way (running, rolling back,
 * or in an unknown state), the previous statement is also a candidate, because the schema may fit either. Empty if the probe
 * does not use SQL.
 */
export function statementsFor(
  question: { readonly sql?: string | undefined; readonly after: Readonly<Record<string, string>> },
  stateOf: (phase: string) => SchemaState,
  phases: readonly string[],
): readonly string[] {
  let statements = question.sql === undefined ? [] : [question.sql];
  for (const phase of phases) {
    const statement = Object.hasOwn(question.after, phase) ? question.after[phase] : undefined;
    if (statement === undefined) continue;
    const state = stateOf(phase);
    if (state === 'applied') statements = [statement];
    if (state === 'under-way') statements = [...statements, statement];
  }
  return [...new Set(statements)];
}
