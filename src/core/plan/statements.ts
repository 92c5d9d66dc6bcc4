/** A phase's progress as far as it affects the names of tables and columns. */
export type SchemaState = 'not-started' | 'under-way' | 'applied';

/** A question in SQL: a statement to read with, or a text of statements that write. */
export interface Statements {
  readonly sql?: string | undefined;
  readonly transaction?: string | undefined;
  readonly after: Readonly<Record<string, string>>;
}

/**
 * The statements of which one must work now. Each phase that changes names can provide its own statement, which takes over
 * once the phase is applied; the latest phase in the plan's order wins. While a phase is under way (running, rolling back,
 * or in an unknown state), the previous statement is also a candidate, because the schema may fit either. Empty if the probe
 * does not use SQL.
 */
export function statementsFor(
  question: Statements,
  stateOf: (phase: string) => SchemaState,
  phases: readonly string[],
): readonly string[] {
  const first = question.sql ?? question.transaction;
  let statements = first === undefined ? [] : [first];
  for (const phase of phases) {
    const statement = Object.hasOwn(question.after, phase) ? question.after[phase] : undefined;
    if (statement === undefined) continue;
    const state = stateOf(phase);
    if (state === 'applied') statements = [statement];
    if (state === 'under-way') statements = [...statements, statement];
  }
  return [...new Set(statements)];
}
