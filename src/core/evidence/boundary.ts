import type { PhaseId, ProbeId } from '../kernel/ids.ts';
import type { Instant, Millis } from '../kernel/units.ts';
import type { Finding } from './finding.ts';

/** Every object's identity (`index public.molecule_pkey`) with its definition (text, or the hash of a long one). */
export type SchemaSnapshot = Readonly<Record<string, string>>;

/** Begins the definition of an object that PostgreSQL could not print; the reason follows. No definition begins like it. */
export const notPrinted = 'not printed: ';
export const isPrinted = (definition: string): boolean => !definition.startsWith(notPrinted);

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
  /** See OwnedSchema. */
  readonly open?: OwnedSchema['open'];
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

const isComparable = (was: string | undefined, is: string | undefined): boolean =>
  was === undefined || is === undefined || (isPrinted(was) && isPrinted(is));

/** Objects that are in both, but whose definition was not printed in one of them. */
export const unprintedIn = (before: SchemaSnapshot, after: SchemaSnapshot): readonly string[] =>
  Object.keys(before).filter((object) => !isComparable(before[object], after[object]));

export function compareSchemas(before: SchemaSnapshot, after: SchemaSnapshot): readonly SchemaDifference[] {
  const objects = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return objects
    .filter((object) => before[object] !== after[object] && isComparable(before[object], after[object]))
    .map((object) => {
      const [was, is] = [before[object], after[object]];
      return { object, ...(was !== undefined && { was }), ...(is !== undefined && { is }) };
    });
}

/** A schema, and what of it somebody other than the phases' role can have changed. */
export interface OwnedSchema {
  readonly schema: SchemaSnapshot;
  /** Objects that only roles own as which the phases' role cannot act. */
  readonly others: readonly string[];
  /**
   * Objects of the phases' role that others can change as well. The hash is that of the definition without its grants,
   * which a grantee may hand on; it is empty if others can change or drop the whole object. Undefined if the plan names
   * no role, and in older journals.
   */
  readonly open?: Readonly<Record<string, string>> | undefined;
}

export interface PresentSchema extends OwnedSchema {
  /** The hash of an object's definition without its grants. */
  readonly withoutGrants: (object: string) => string;
}

/** An object whose definition could be printed at another time, and why not now. */
export interface NotYetPrinted {
  readonly object: string;
  readonly why: string;
}

const without = (schema: SchemaSnapshot, objects: ReadonlySet<string>): SchemaSnapshot =>
  Object.fromEntries(Object.entries(schema).filter(([object]) => !objects.has(object)));

/** Whether others can have caused this difference in an object of the phases' role. */
function isDoubtful({ object, was, is }: SchemaDifference, before: OwnedSchema, after: PresentSchema): boolean {
  if (after.open === undefined) return false;
  if (before.open === undefined || before.open[object] === '' || after.open[object] === '') return true;
  return was !== undefined && is !== undefined && before.open[object] === after.withoutGrants(object);
}

/**
 * Leaves out the differences that do not show that a phase did anything: those in objects that are or were others', and
 * those in its own objects that others can have caused. If something of others is gone or changed, or may have changed
 * because it was not printed, that may have changed anything else, by `cascade` or by its new name, so no difference shows
 * it. Also leaves out what was not printed if it was others' before and is others' after.
 */
export function withoutOthers(before: OwnedSchema, after: PresentSchema) {
  const [theirs, theirsNow] = [new Set(before.others), new Set(after.others)];
  const differences = compareSchemas(before.schema, after.schema);
  const isOthers = (object: string) => theirs.has(object) || theirsNow.has(object);
  const unprinted = unprintedIn(before.schema, after.schema).filter(isOthers);
  const doubtAll = unprinted.length > 0 || differences.some(({ object, was }) => was !== undefined && isOthers(object));
  const left = differences.filter((one) => doubtAll || isOthers(one.object) || isDoubtful(one, before, after));
  const stillTheirs = unprinted.filter((object) => theirs.has(object) && theirsNow.has(object));
  const objects = new Set([...left.map(({ object }) => object), ...stillTheirs]);
  return {
    before: without(before.schema, objects),
    after: without(after.schema, objects),
    leftOut: left.length,
    /** Whether one of them may be a phase's doing. */
    inDoubt: !left.every(({ object }) => isOthers(object)),
  };
}

export function sayDifference({ object, was, is }: SchemaDifference): string {
  if (was === undefined) return `${object} is new`;
  return is === undefined ? `${object} is gone` : `${object} is changed`;
}
