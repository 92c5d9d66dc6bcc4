import type { Asks } from '../checks/asks.ts';
import type { SchemaSnapshot } from '../core/evidence/boundary.ts';
import { hashOf } from '../core/kernel/hash.ts';
import { seconds } from '../core/kernel/units.ts';
import { SchemaUnreadable } from './errors.ts';
import { otherParts } from './schema-others.ts';
import { relationParts } from './schema-relations.ts';
import { userRelations } from '../checks/sql-pieces.ts';

const statement = `
with ${userRelations("'r', 'p', 'v', 'm', 'S', 'f'")}
${[...relationParts, ...otherParts].join('\nunion all\n')}`;

const timeout = seconds(30);

/** The journal keeps every boundary, so a long definition is kept as its hash. */
const kept = (definition: string): string => (definition.length > 200 ? hashOf(definition) : definition);

/**
 * Every object of the user schemas with its definition, read in one statement and so at one moment. Leaves out objects
 * of extensions, roles, data and the values of sequences. Waits for a lock no longer than the session's lock timeout.
 * Rejects with SchemaUnreadable.
 */
export async function snapshotSchema(asks: Asks): Promise<SchemaSnapshot> {
  try {
    const { rows } = await asks.query(statement, [], { timeout });
    const objects = rows.map(([object, definition]) => [object ?? '', kept(definition ?? '')] as const);
    return Object.fromEntries(objects.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  } catch (error) {
    throw new SchemaUnreadable(error);
  }
}
