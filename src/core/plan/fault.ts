import type { Path } from './tree.ts';

/** Something in the plan's text that Ripcord cannot use. Lines and columns count from 1, columns in UTF-16 units. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  /** `phases[0].estimate`; empty for the file as a whole. */
  readonly path: string;
  /** Never a secret: see shown.ts. */
  readonly found: string;
  readonly wanted: string;
}

/** A fault that has not yet been given its place in the text. */
export interface Objection {
  readonly path: Path;
  /** Whether the key itself is at fault, or what it holds. */
  readonly at: 'key' | 'value';
  /** Where in the text, when the path alone does not tell. */
  readonly offset?: number;
  readonly found: string;
  readonly wanted: string;
}
