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
  ...(thing.relation !== undefined && { relation: thing.relation }),
});

/** Who alone can have brought it about, as a row tells it: a name, or none where nobody can say. */
export const byOwner = ({ owner }: Cells): Pick<Fault, 'by'> =>
  owner === null || owner === undefined ? {} : { by: [owner] };

/** The same of several, as JSON. */
export const byGrantors = ({ grantors }: Cells): Pick<Fault, 'by'> =>
  grantors === null || grantors === undefined ? {} : { by: JSON.parse(grantors) as readonly string[] };

/** `1,204 grants`, `1 grant`, `no grants`. */
export const sayCounted = (count: number, one: string, many = `${one}s`): string =>
  `${count === 0 ? 'no' : sayWhole(count)} ${count === 1 ? one : many}`;

/** So many rows a check reads at most. Where there are more, a breach may be among those that it does not see. */
export const mostRows = 10_000;

export const tooManyRows = (rows: readonly Cells[], first: string): { readonly unknown: string } | undefined =>
  rows.length <= mostRows
    ? undefined
    : {
        unknown: `there are more than ${sayWhole(mostRows)}, the first of them ${first}; the rest was not looked at`,
      };

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
