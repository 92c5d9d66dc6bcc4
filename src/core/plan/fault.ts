import type { Path } from './tree.ts';

/** A fault in the plan's text. Lines and columns count from 1, columns in UTF-16 units. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  /** `phases[0].estimate`; empty for the whole file. */
  readonly path: string;
  /** Never contains a secret: see shown.ts. */
  readonly found: string;
  readonly wanted: string;
}

/** A fault that is not yet located in the text. */
export interface Objection {
  readonly path: Path;
  /** Whether the key or its value is faulty. */
  readonly at: 'key' | 'value';
  /** The offset in the text, if the path is not enough. */
  readonly offset?: number;
  readonly found: string;
  readonly wanted: string;
}
