import { hashOf } from '../kernel/hash.ts';
import { type Row, mostCell } from './answer.ts';
import type { Finding } from './finding.ts';

/** 128 bits: nobody can find two rows with the same hash. */
const length = 32;

const rowHash = (row: Row): string => hashOf(row).slice('sha256:'.length, 'sha256:'.length + length);

/** A cell of this length may have been cut, so other rows could have the same hash. */
const isWhole = (row: Row): boolean => row.every((cell) => cell === null || cell.length < mostCell);

export interface Hashed {
  /** In the order of the rows. */
  readonly hashes: readonly string[];
  /** Whether they cover all rows. */
  readonly complete: boolean;
}

type Rows = Pick<Finding, 'rows' | 'rowCount' | 'rowHashes'>;

export const hashRows = (rows: readonly Row[]): readonly string[] => rows.map(rowHash);

/** What a finding tells about its individual rows. In an older journal, it only has the rows that it shows. */
export function hashesOf({ rows = [], rowCount, rowHashes }: Rows): Hashed {
  if (rowHashes !== undefined) return { hashes: rowHashes, complete: true };
  const kept = rows.filter(isWhole);
  return { hashes: hashRows(kept), complete: kept.length === rowCount };
}

/** The positions of the hashes that are missing from `others`, as a multiset difference. */
export function placesNotIn(hashes: readonly string[], others: readonly string[]): readonly number[] {
  const left = new Map<string, number>();
  for (const hash of others) left.set(hash, (left.get(hash) ?? 0) + 1);
  return [...hashes.keys()].filter((place) => {
    const hash = hashes[place] ?? '';
    const count = left.get(hash) ?? 0;
    left.set(hash, count - 1);
    return count <= 0;
  });
}

/** The rows of an answer that did not exist before; undefined if the earlier rows are unknown. */
export function newRows(rows: readonly Row[], before: Finding | undefined): readonly Row[] | undefined {
  if (before?.status !== 'breach') return undefined;
  const then = hashesOf(before);
  if (!then.complete) return undefined;
  const places = placesNotIn(hashRows(rows), then.hashes);
  return places.map((place) => rows[place]).filter((row) => row !== undefined);
}
