import { type Declared, thingBefore } from '../core/evidence/declared.ts';
import type { Consequence, Fault } from '../core/evidence/finding.ts';
import { sayThing, type Thing } from '../core/evidence/thing.ts';
import { sayWhole } from '../core/kernel/whole.ts';
import type { Cells } from './check.ts';

/** SQL: not a schema of PostgreSQL itself, nor of temporary tables. `alias` is that of pg_namespace. */
export const userSchemas = (alias: string): string =>
  `${alias}.nspname !~ '^pg_' and ${alias}.nspname <> 'information_schema'`;

/** A fault of this thing, under its name from before any phase. */
export const faultOf = (declared: Declared, thing: Thing, what: string, consequence: Consequence): Fault => ({
  object: sayThing(thingBefore(declared, thing)),
  what,
  consequence,
});

/** `1,204 grants`, `1 grant`, `no grants`. */
export const sayCounted = (count: number, one: string, many = `${one}s`): string =>
  `${count === 0 ? 'no' : sayWhole(count)} ${count === 1 ? one : many}`;

/** A check that compares with the baseline, before there is one. */
export const noBaseline = 'there is no baseline to compare with';

/** An answer, row by row, under the names of its columns. */
export const recordsOf = ({
  rows,
  fields,
}: {
  rows: readonly (readonly (string | null)[])[];
  fields: readonly string[];
}) => rows.map((row): Cells => Object.fromEntries(fields.map((field, at) => [field, row[at] ?? null])));
