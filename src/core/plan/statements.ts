/** How far a phase has come, as far as the names of tables and columns are concerned. */
export type SchemaState = 'not-started' | 'under-way' | 'applied';

/**
 * The statements of which one must answer now. Each phase that changes names may bring a statement of its own: it takes
 * over once the phase is applied, the latest in the plan's order winning. While a phase is under way (running, rolling
 * back, or in a state that nobody knows) the one before it is as good: either may be the one that the schema fits.
 * Empty when the question is not asked in SQL.
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
