import type { Cell } from '../core/evidence/finding.ts';
import type { OwnTime } from '../core/evidence/own-time.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { NamedRelation } from './reading.ts';

export type Value = string | number | bigint | boolean | null | readonly string[];
export interface QueryOptions {
  /** Instead of the session's statement timeout, for this query. */
  readonly timeout?: Millis;
  /** Aborting cuts the session; the server ends the statement at its timeout at the latest. */
  readonly signal?: AbortSignal | undefined;
  /** Asked again and again in this session: the server parses it once, and after a few times no longer plans it anew. */
  readonly prepared?: boolean;
  /** Relations that the statement names. It is sent only while these names mean these relations, and keep meaning them. */
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

/** A statement, with the name under which the session keeps it, if it shall. */
export interface Asked {
  readonly text: string;
  readonly values?: readonly Value[];
  readonly name?: string;
  /** Several statements of our own, of which the last answers. */
  readonly script?: true;
}
