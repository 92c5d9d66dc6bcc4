export interface StatementOrder {
  /** The statements to try. The one that worked last comes first if it is still among them. */
  now(): readonly string[];
  worked(statement: string): void;
}

export function statementOrder(statements: () => readonly string[]): StatementOrder {
  let known: string | undefined;
  return {
    now() {
      const all = statements();
      return known !== undefined && all.includes(known) ? [known, ...all.filter((one) => one !== known)] : all;
    },
    worked(statement) {
      known = statement;
    },
  };
}
