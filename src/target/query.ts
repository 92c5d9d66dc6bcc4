import type { Cell } from '../core/evidence/finding.ts';
import type { OwnTime } from '../core/evidence/own-time.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { NamedRelation } from './reading.ts';

export type Value = string | number | bigint | boolean | null | readonly string[];
export interface QueryOptions {
  /** Replaces the session's statement timeout for this query. */
  readonly timeout?: Millis;
  /** Aborting cuts the session. The server ends the statement at its timeout at the latest. */
  readonly signal?: AbortSignal | undefined;
  /**
   * For a statement that repeats in this session: the server parses it once, and after a few runs stops planning it
   * each time.
   */
  readonly prepared?: boolean;
  /**
   * Relations that the statement names. The session sends it only while these names mean these relations, and keeps
   * their meaning fixed.
   */
  readonly holding?: readonly NamedRelation[];
}

export interface Answer {
  readonly rows: Cell[][];
  readonly fields: string[];
  /** From sending the statement to its last row. */
  readonly ms: Millis;
  /** What the guard took of that time for itself. */
  readonly own?: OwnTime;
}

/** A statement, and the name under which the session keeps it, if any. */
export interface Asked {
  readonly text: string;
  readonly values?: readonly Value[];
  readonly name?: string;
  /** Several of our own statements. The last one returns the answer. */
  readonly script?: true;
}
