import { canonical } from '../kernel/canonical.ts';
import type { HideText } from '../kernel/hide-text.ts';
import { hashOf } from '../kernel/hash.ts';
import type { Hash } from '../kernel/ids.ts';
import { sayWhole } from '../kernel/whole.ts';
import { shorten } from '../kernel/shorten.ts';
import type { Cell } from './finding.ts';

export type Row = readonly Cell[];

/** The answer to a statement: every cell in the text form that PostgreSQL prints, and the names of the columns. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly fields: readonly string[];
}

/** A longer answer is cut one row above this, so that a mistaken statement cannot fill the guard's memory. */
export const mostRows = 10_000;
export const isCut = ({ rows }: Answer): boolean => rows.length > mostRows;

/**
 * Equal for answers with the same rows in any order: without `order by` PostgreSQL may return another order each time, and a
 * vacuum must not look like a breach. Column names do not count, because a phase may rename them.
 */
export const fingerprintOf = ({ rows }: Answer): Hash => hashOf(rows.map((row) => canonical(row)).toSorted());

/** Hides secrets in every cell; returns the same rows if there are none. */
export function withoutSecretsOf<Of extends Answer>(answer: Of, hide: HideText): Of {
  const rows = answer.rows.map((row): Row => {
    const hidden = row.map((cell) => (cell === null ? null : hide(cell)));
    return hidden.every((cell, place) => cell === row[place]) ? row : hidden;
  });
  return rows.every((row, place) => row === answer.rows[place]) ? answer : { ...answer, rows };
}

/** Longer cells are cut to this length. */
export const mostCell = 1_000;

/** The first rows for the record: at most 20, and only the beginning of huge cells. */
export const evidenceOf = (rows: readonly Row[]): readonly Row[] =>
  rows.slice(0, 20).map((row) => row.map((cell) => (cell === null ? null : shorten(cell, mostCell))));

export const sayCell = (cell: Cell): string => (cell === null ? 'null' : shorten(cell.replaceAll(/\s+/g, ' '), 60));

/** `(17, aspirin)`; the first five cells of a wide row. */
export function sayRow(row: Row): string {
  const cells = row.slice(0, 5).map(sayCell);
  return `(${[...cells, ...(row.length > 5 ? ['…'] : [])].join(', ')})`;
}

/** The first three rows. */
export const sayRows = (rows: readonly Row[]): string =>
  [...rows.slice(0, 3).map(sayRow), ...(rows.length > 3 ? ['…'] : [])].join(', ');

/** `3 rows`, `1 column`, `no rows`; above the limit the exact count is unknown. */
export function sayCount(count: number, thing = 'row'): string {
  if (count > mostRows) return `more than ${sayWhole(mostRows)} ${thing}s`;
  return `${count === 0 ? 'no' : sayWhole(count)} ${thing}${count === 1 ? '' : 's'}`;
}
