import { type Declared, thingBefore } from '../core/evidence/declared.ts';
import type { Consequence, Fault } from '../core/evidence/finding.ts';
import { sayThing, type Thing } from '../core/evidence/thing.ts';
import { sayWhole } from '../core/kernel/whole.ts';
import type { Cells } from './check.ts';

/** SQL: true for a user schema, not a system or temporary one. `alias` is that of pg_namespace. */
export const userSchemas = (alias: string): string =>
  `${alias}.nspname !~ '^pg_' and ${alias}.nspname <> 'information_schema'`;

/** A fault of this object, under the name it had before any phase. */
export const faultOf = (declared: Declared, thing: Thing, what: string, consequence: Consequence): Fault => ({
  object: sayThing(thingBefore(declared, thing)),
  what,
  consequence,
  ...(thing.relation !== undefined && { relation: thing.relation }),
});

/** The only role that can have caused the fault, read from a row; none if that is unknown. */
export const byOwner = ({ owner }: Cells): Pick<Fault, 'by'> =>
  owner === null || owner === undefined ? {} : { by: [owner] };

/** The same for several roles, as JSON. */
export const byGrantors = ({ grantors }: Cells): Pick<Fault, 'by'> =>
  grantors === null || grantors === undefined ? {} : { by: JSON.parse(grantors) as readonly string[] };

/** `1,204 grants`, `1 grant`, `no grants`. */
export const sayCounted = (count: number, one: string, many = `${one}s`): string =>
  `${count === 0 ? 'no' : sayWhole(count)} ${count === 1 ? one : many}`;

/** The most rows that a check reads. Beyond that, a breach may be among the rows it does not see. */
export const mostRows = 10_000;

export const tooManyRows = (rows: readonly Cells[], first: string): { readonly unknown: string } | undefined =>
  rows.length <= mostRows
    ? undefined
    : {
        unknown: `there are more than ${sayWhole(mostRows)}, the first of them ${first}; the check did not read the rest`,
      };

/** For a check that compares with the baseline before one exists. */
export const noBaseline = 'there is no baseline to compare with';

/** Rows of an answer, keyed by column name. */
export const recordsOf = ({
  rows,
  fields,
}: {
  rows: readonly (readonly (string | null)[])[];
  fields: readonly string[];
}) => rows.map((row): Cells => Object.fromEntries(fields.map((field, at) => [field, row[at] ?? null])));
