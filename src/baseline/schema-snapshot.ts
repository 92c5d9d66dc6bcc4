import type { Asks } from '../checks/asks.ts';
import { taken } from '../checks/cascades.ts';
import { userRelations } from '../checks/sql-pieces.ts';
import type { OwnedSchema, PresentSchema, SchemaSnapshot } from '../core/evidence/boundary.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { seconds } from '../core/kernel/units.ts';
import { actsAs } from '../target/acts-as.ts';
import { SchemaUnreadable } from './errors.ts';
import { columns, takeable } from './schema-doubt.ts';
import { otherParts } from './schema-others.ts';
import { relationParts } from './schema-relations.ts';

/**
 * $1: the phases' role. An object is another's if that role cannot act as its owner. A superuser can act as every role,
 * so everything is its own. A role that does not exist owns nothing.
 */
const statement = `
with recursive ${taken}, ${takeable(actsAs('$1'))},
${userRelations("'r', 'p', 'v', 'm', 'S', 'f'")},
object (${columns}) as (
${[...relationParts, ...otherParts].join('\nunion all\n')})
select o.object, o.own, o.access, case
  when $1::text is null or p.rolsuper then 'own'
  when o.owner is null or o.owner not in (select oid from acts) then 'others'
  when o.doubtful or itself.classid is not null or whole.classid is not null then 'doubtful'
  when o.granted then 'granted' else 'own' end
from object o left join pg_roles p on p.rolname = $1
  left join takeable itself using (classid, objid, objsubid)
  left join takeable whole on (whole.classid, whole.objid, whole.objsubid) = ('pg_class'::regclass::oid, o.relid, 0)`;

const timeout = seconds(30);

/** The journal keeps every boundary, so a long definition is kept as its hash. */
const kept = (definition: string): string => (definition.length > 200 ? hashOf(definition) : definition);

type Standing = 'own' | 'others' | 'doubtful' | 'granted';
interface Row {
  readonly object: string;
  readonly own: string;
  readonly definition: string;
  readonly standing: Standing;
}

const byName = (rows: readonly (readonly (string | null)[])[]): readonly Row[] => {
  const all = rows.map(([object, own, access, standing]) => ({
    object: object ?? '',
    own: own ?? '',
    definition: kept(`${own ?? ''}${access ?? ''}`),
    standing: (standing ?? 'others') as Standing,
  }));
  return [...new Map(all.map((row) => [row.object, row])).values()].toSorted((a, b) => (a.object < b.object ? -1 : 1));
};

const openOf = (rows: readonly Row[]): NonNullable<OwnedSchema['open']> =>
  Object.fromEntries(
    rows
      .filter(({ standing }) => standing === 'doubtful' || standing === 'granted')
      .map(({ object, own, standing }) => [object, standing === 'granted' ? hashOf(own) : '']),
  );

/**
 * Every object of the user schemas with its definition, read in one statement and so at one moment. Leaves out objects
 * of extensions, roles, data and the values of sequences. Waits for a lock no longer than the session's lock timeout.
 * Rejects with SchemaUnreadable.
 */
export async function snapshotOwners(asks: Asks, role: string | undefined): Promise<PresentSchema> {
  try {
    const rows = byName((await asks.query(statement, [role ?? null], { timeout })).rows);
    const own = new Map(rows.map((row) => [row.object, row.own]));
    return {
      schema: Object.fromEntries(rows.map(({ object, definition }) => [object, definition])),
      others: rows.flatMap(({ object, standing }) => (standing === 'others' ? [object] : [])),
      ...(role !== undefined && { open: openOf(rows) }),
      withoutGrants: (object) => hashOf(own.get(object) ?? ''),
    };
  } catch (error) {
    throw new SchemaUnreadable(error);
  }
}

export const snapshotSchema = async (asks: Asks): Promise<SchemaSnapshot> =>
  (await snapshotOwners(asks, undefined)).schema;
