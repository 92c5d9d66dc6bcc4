import type { CheckId } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';

/** Mildest first. The order of this list is the whole policy: not knowing outranks well, a breach outranks all. */
export const statuses = ['ok', 'unknown', 'error', 'breach'] as const;
export type Status = (typeof statuses)[number];

/** No finding at all is not `ok`: nobody looked. */
export const worst = (all: readonly Status[]): Status =>
  statuses[Math.max(...all.map((status) => statuses.indexOf(status)))] ?? 'unknown';

/** A cell of a query's answer, in the text form that PostgreSQL gives it. */
export type Cell = string | null;

/** The answer to a yes/no question about the target. */
export interface Finding {
  readonly check: CheckId;
  readonly status: Status;
  readonly at: Instant;
  readonly took: Millis;
  /** One sentence: what was found, and what was wanted. */
  readonly summary: string;
  /** What the judgement rests on: the first rows, at most 20 of them. Absent when it could not look. */
  readonly rows?: readonly (readonly Cell[])[];
  /** How many rows there were in all. */
  readonly rowCount?: number;
  /** Hash of the whole answer, for "same as baseline". */
  readonly fingerprint?: string;
}
