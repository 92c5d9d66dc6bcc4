import type { Asks } from '../checks/asks.ts';
import { taken } from '../checks/cascades.ts';
import { type Hidden, tryPast, type Why } from '../checks/past.ts';
import { pastChurn } from '../checks/past-churn.ts';
import { pastUnprintable } from '../checks/past-unprintable.ts';
import { hashed, userRelations } from '../checks/sql-pieces.ts';
import {
  isPrinted,
  type NotYetPrinted,
  notPrinted,
  type OwnedSchema,
  type PresentSchema,
  type SchemaSnapshot,
} from '../core/evidence/boundary.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { seconds } from '../core/kernel/units.ts';
import { actsAs } from '../target/acts-as.ts';
import { SchemaUnreadable } from './errors.ts';
import { columns, takeable } from './schema-doubt.ts';
import { otherParts } from './schema-others.ts';
import { relationParts } from './schema-relations.ts';

/**
 * $1: the phases' role. $2: objects and owners whose definitions must not be printed. A definition that anybody could make
 * hundreds of megabytes long is sent as a hash. An object is another's if that role cannot act as its owner. A superuser
 * can act as every role, so everything is its own. A role that does not exist owns nothing.
 */
const statement = `
with recursive ${taken}, ${takeable(actsAs('$1'))},
${userRelations("'r', 'p', 'v', 'm', 'S', 'f'")},
object (${columns}) as materialized (
${[...relationParts, ...otherParts].join('\nunion all\n')})
select o.object, case when length(o.own) > 20000 then ${hashed('o.own')} else o.own end, o.access, case
  when $1::text is null or p.rolsuper then 'own'
  when o.owner is null or o.owner not in (select oid from acts) then 'others'
  when o.doubtful or itself.classid is not null or whole.classid is not null then 'doubtful'
  when o.granted then 'granted' else 'own' end
from object o left join pg_roles p on p.rolname = $1
  left join takeable itself using (classid, objid, objsubid)
  left join takeable whole on (whole.classid, whole.objid, whole.objsubid) = ('pg_class'::regclass::oid, o.relid, 0)`;

const timeout = seconds(30);

type Unprinted = Pick<Why, 'why' | 'lasts'>;

/** Why the definition was not printed, which then names the object and its owner. */
function whyNot(definition: string, skipped: Hidden['skipped']): Unprinted | undefined {
  if (isPrinted(definition)) return undefined;
  const oids = definition.slice(notPrinted.length).split(',');
  return oids.flatMap((oid) => skipped.get(oid) ?? [])[0] ?? { why: 'PostgreSQL cannot print it' };
}

/** The journal keeps every boundary, so a long definition is kept as its hash. */
const kept = (definition: string): string => (definition.length > 200 ? hashOf(definition) : definition);

type Standing = 'own' | 'others' | 'doubtful' | 'granted';
interface Row {
  readonly object: string;
  readonly own: string;
  readonly definition: string;
  readonly standing: Standing;
  readonly unprinted: Unprinted | undefined;
}

const byName = (rows: readonly (readonly (string | null)[])[], skipped: Hidden['skipped']): readonly Row[] => {
  const all = rows.map(([object, own, access, standing]) => {
    const unprinted = whyNot(own ?? '', skipped);
    return {
      object: object ?? '',
      own: own ?? '',
      definition: unprinted === undefined ? kept(`${own ?? ''}${access ?? ''}`) : `${notPrinted}${unprinted.why}`,
      standing: (standing ?? 'others') as Standing,
      unprinted,
    };
  });
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
export async function snapshotOwners(
  asks: Asks,
  role: string | undefined,
): Promise<PresentSchema & { readonly notYet: readonly NotYetPrinted[] }> {
  try {
    const rows = await tryPast(asks, timeout, [pastUnprintable(), pastChurn()], async ({ skipped }) => {
      const answer = await asks.query(statement, [role ?? null, [...skipped.keys()]], { timeout });
      return byName(answer.rows, skipped);
    });
    const own = new Map(rows.map((row) => [row.object, row.own]));
    return {
      schema: Object.fromEntries(rows.map(({ object, definition }) => [object, definition])),
      others: rows.flatMap(({ object, standing }) => (standing === 'others' ? [object] : [])),
      ...(role !== undefined && { open: openOf(rows) }),
      withoutGrants: (object) => hashOf(own.get(object) ?? ''),
      notYet: rows.flatMap(({ object, unprinted }) =>
        unprinted === undefined || unprinted.lasts === true ? [] : [{ object, why: unprinted.why }],
      ),
    };
  } catch (error) {
    throw new SchemaUnreadable(error);
  }
}

export const snapshotSchema = async (asks: Asks): Promise<SchemaSnapshot> =>
  (await snapshotOwners(asks, undefined)).schema;
