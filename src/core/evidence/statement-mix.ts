/** A statement's part in the baseline's mix. */
export interface StatementWeight {
  /** Hash of its text. */
  readonly statement: string;
  /** Its share of all calls of the statements that count; all shares add up to 1. */
  readonly share: number;
  /** Mean time of a call in the baseline, in milliseconds. */
  readonly mean: number;
}

/** The reference for statements, frozen with the baseline. */
export interface StatementMix {
  readonly weights: readonly StatementWeight[];
  /** The median number of calls per interval of the baseline. */
  readonly calls: number;
}
