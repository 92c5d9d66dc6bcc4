/** A statement's part in the baseline's mix. */
export interface StatementWeight {
  /** Hash of its text. */
  readonly statement: string;
  /** Of all calls of the statements that count; together they are 1. */
  readonly share: number;
  /** Mean time of a call in the baseline, in milliseconds. */
  readonly mean: number;
}

/** What statements are compared with: frozen with the baseline. */
export interface StatementMix {
  readonly weights: readonly StatementWeight[];
  /** How many calls an interval of the baseline had, the median of them. */
  readonly calls: number;
}
