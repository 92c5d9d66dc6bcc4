export interface StatementOrder {
  /** What to ask now: first the one that worked last, as long as it is among them. */
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
