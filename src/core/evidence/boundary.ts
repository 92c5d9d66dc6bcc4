import type { PhaseId, ProbeId } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { Finding } from './finding.ts';

/** Every object's identity (`index public.molecule_pkey`) with its definition (text, or the hash of a long one). */
export type SchemaSnapshot = Readonly<Record<string, string>>;

/** What a snapshot, and hence a comparison, does not cover. This list is not complete: it includes other kinds of objects. */
export const notInSnapshot: readonly string[] = [
  'rows',
  'values of sequences',
  'roles',
  'settings of roles and of the database',
  'objects of extensions',
  'user mappings',
  'languages',
  'large objects',
  'subscriptions',
  'comments',
  'storage and statistics settings of columns',
];

/** The catalogs at one moment, to tell later what was written since. */
export interface CatalogMoment {
  /** The first transaction that was not over, as of pg_snapshot_xmax. */
  readonly xid: string;
  /** Every role's name and attributes, by its oid. */
  readonly roles: Readonly<Record<string, string>>;
}

/** The state that undoing a phase must bring back, captured when the phase starts. */
export interface Boundary {
  readonly phase: PhaseId;
  readonly at: Instant;
  readonly schema: SchemaSnapshot;
  /** Objects that the phases' role cannot act as an owner of. Absent if there are none, and in older journals. */
  readonly others?: readonly string[];
  /** From before the findings. Absent in older journals. */
  readonly catalogs?: CatalogMoment;
  readonly findings: readonly Finding[];
  /** Median latency of each probe over its last readings before the phase; absent if there were none. */
  readonly probes: readonly { readonly probe: ProbeId; readonly p50?: Millis }[];
}

/** `was` is absent for a new object, `is` for a missing one. */
export interface SchemaDifference {
  readonly object: string;
  readonly was?: string;
  readonly is?: string;
}

export function compareSchemas(before: SchemaSnapshot, after: SchemaSnapshot): readonly SchemaDifference[] {
  const objects = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return objects
    .filter((object) => before[object] !== after[object])
    .map((object) => {
      const [was, is] = [before[object], after[object]];
      return { object, ...(was !== undefined && { was }), ...(is !== undefined && { is }) };
    });
}

/** A schema, with the objects in it that only roles own as which the phases' role cannot act. */
export interface OwnedSchema {
  readonly schema: SchemaSnapshot;
  readonly others: readonly string[];
}

const without = (schema: SchemaSnapshot, objects: ReadonlySet<string>): SchemaSnapshot =>
  Object.fromEntries(Object.entries(schema).filter(([object]) => !objects.has(object)));

/** Leaves out differing objects that were others' before, if there were any, and are others' after, if there are any. */
export function withoutOthers(before: OwnedSchema, after: OwnedSchema) {
  const [theirs, theirsNow] = [new Set(before.others), new Set(after.others)];
  const left = compareSchemas(before.schema, after.schema).flatMap(({ object, was, is }) =>
    (was === undefined || theirs.has(object)) && (is === undefined || theirsNow.has(object)) ? [object] : [],
  );
  const objects = new Set(left);
  return { before: without(before.schema, objects), after: without(after.schema, objects), leftOut: left.length };
}

export function sayDifference({ object, was, is }: SchemaDifference): string {
  if (was === undefined) return `${object} is new`;
  return is === undefined ? `${object} is gone` : `${object} is changed`;
}
