import type { Asks } from '../checks/asks.ts';
import type { OwnedSchema, SchemaSnapshot } from '../core/evidence/boundary.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { seconds } from '../core/kernel/units.ts';
import { SchemaUnreadable } from './errors.ts';
import { otherParts } from './schema-others.ts';
import { relationParts } from './schema-relations.ts';
import { userRelations } from '../checks/sql-pieces.ts';
import { actsAs } from '../target/acts-as.ts';

/** $1: the phases' role. An object is another's if that role cannot act as its owner. */
const statement = `
with ${userRelations("'r', 'p', 'v', 'm', 'S', 'f'")},
object (object, definition, owner) as (
${[...relationParts, ...otherParts].join('\nunion all\n')})
select o.object, o.definition, coalesce(not p.rolsuper and o.owner not in ${actsAs('$1')}, false)
from object o left join pg_roles p on p.rolname = $1`;

const timeout = seconds(30);

/** The journal keeps every boundary, so a long definition is kept as its hash. */
const kept = (definition: string): string => (definition.length > 200 ? hashOf(definition) : definition);

/**
 * Every object of the user schemas with its definition, read in one statement and so at one moment. Leaves out objects
 * of extensions, roles, data and the values of sequences. Waits for a lock no longer than the session's lock timeout.
 * Rejects with SchemaUnreadable.
 */
export async function snapshotOwners(asks: Asks, role: string | undefined): Promise<OwnedSchema> {
  try {
    const { rows } = await asks.query(statement, [role ?? null], { timeout });
    const objects = rows.map(([object, definition]) => [object ?? '', kept(definition ?? '')] as const);
    const own = new Set(rows.flatMap(([object, , isOthers]) => (isOthers === 't' ? [] : [object])));
    const schema = Object.fromEntries(objects.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return { schema, others: Object.keys(schema).filter((object) => !own.has(object)) };
  } catch (error) {
    throw new SchemaUnreadable(error);
  }
}

export const snapshotSchema = async (asks: Asks): Promise<SchemaSnapshot> =>
  (await snapshotOwners(asks, undefined)).schema;
