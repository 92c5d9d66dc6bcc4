import type { Asks } from '../checks/asks.ts';
import { type Hidden, tryPast, type Why } from '../checks/past.ts';
import { pastChurn } from '../checks/past-churn.ts';
import { pastUnprintable } from '../checks/past-unprintable.ts';
import { hashed, userRelations } from '../checks/sql-pieces.ts';
import {
  isPrinted,
  type NotYetPrinted,
  notPrinted,
  type OwnedSchema,
  type SchemaSnapshot,
} from '../core/evidence/boundary.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { seconds } from '../core/kernel/units.ts';
import { SchemaUnreadable } from './errors.ts';
import { otherParts } from './schema-others.ts';
import { relationParts } from './schema-relations.ts';
import { actsAs } from '../target/acts-as.ts';

/**
 * $1: the phases' role. $2: objects and owners whose definitions must not be printed. A definition that anybody could make
 * hundreds of megabytes long is sent as a hash. An object is another's if that role cannot act as its owner.
 */
const statement = `
with ${userRelations("'r', 'p', 'v', 'm', 'S', 'f'")},
object (object, definition, owner) as materialized (
${[...relationParts, ...otherParts].join('\nunion all\n')})
select o.object, case when length(o.definition) > 20000 then ${hashed('o.definition')} else o.definition end,
  coalesce(not p.rolsuper and o.owner not in ${actsAs('$1')}, false)
from object o left join pg_roles p on p.rolname = $1`;

const timeout = seconds(30);

/** Why the definition was not printed, which then names the object and its owner. */
function whyNot(definition: string, skipped: Hidden['skipped']): Why | undefined {
  if (isPrinted(definition)) return undefined;
  const oids = definition.slice(notPrinted.length).split(',');
  return oids.flatMap((oid) => skipped.get(oid) ?? [])[0];
}

/** The journal keeps every boundary, so a long definition is kept as its hash. */
function kept(definition: string, skipped: Hidden['skipped']): string {
  if (isPrinted(definition)) return definition.length > 200 ? hashOf(definition) : definition;
  return `${notPrinted}${whyNot(definition, skipped)?.why}`;
}

/**
 * Every object of the user schemas with its definition, read in one statement and so at one moment. Leaves out objects
 * of extensions, roles, data and the values of sequences. Waits for a lock no longer than the session's lock timeout.
 * Rejects with SchemaUnreadable.
 */
export async function snapshotOwners(
  asks: Asks,
  role: string | undefined,
): Promise<OwnedSchema & { readonly notYet: readonly NotYetPrinted[] }> {
  try {
    const { rows, skipped } = await tryPast(asks, timeout, [pastUnprintable(), pastChurn()], async ({ skipped }) => {
      const { rows } = await asks.query(statement, [role ?? null, [...skipped.keys()]], { timeout });
      return { rows, skipped };
    });
    const objects = rows.map(([object, definition]) => [object ?? '', kept(definition ?? '', skipped)] as const);
    const own = new Set(rows.flatMap(([object, , isOthers]) => (isOthers === 't' ? [] : [object])));
    const schema = Object.fromEntries(objects.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const notYet = rows.flatMap(([object, definition]) => {
      const { why, lasts } = whyNot(definition ?? '', skipped) ?? { lasts: true };
      return lasts === true || why === undefined ? [] : [{ object: object ?? '', why }];
    });
    return { schema, others: Object.keys(schema).filter((object) => !own.has(object)), notYet };
  } catch (error) {
    throw new SchemaUnreadable(error);
  }
}

export const snapshotSchema = async (asks: Asks): Promise<SchemaSnapshot> =>
  (await snapshotOwners(asks, undefined)).schema;
