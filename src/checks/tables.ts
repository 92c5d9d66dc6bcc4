import { performance } from 'node:perf_hooks';

import { bare } from '../core/evidence/thing.ts';
import { namesNow } from '../core/evidence/declared.ts';
import { sayFirst } from '../core/kernel/sentence.ts';
import { quoteIdentifier } from '../target/identifiers.ts';
import type { NamedRelation } from '../target/reading.ts';
import { ChangedMeanwhile, type RelationCode } from '../target/untrusted-code.ts';
import type { Asks } from './asks.ts';
import type { Cells, Scope } from './check.ts';
import { recordsOf } from './pieces.ts';
import { type Refusal, refusalOf } from './refusal.ts';

/** A table as the catalog describes it, before its rows are read. */
export interface Table {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** As PostgreSQL prints the name: `public."Mol é"`. */
  readonly relation: string;
  /** `r`: table, `p`: partitioned table, `m`: materialized view, `f`: foreign table. */
  readonly kind: string;
}

/** A name quoted for SQL, whatever it contains. */
export const nameOf = ({ schema, name }: Pick<Table, 'schema' | 'name'>): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** Every name that a table of the plan has, had or will have, as operators write it. */
export const everyName = ({ phases }: Pick<Scope, 'phases'>, tables: readonly string[]): readonly string[] =>
  tables.flatMap((table) => namesNow({ underWay: [], applied: phases }, bare(table)));

/** The tables that exist under any of these names. */
export async function tablesNamed(asks: Asks, names: readonly string[]): Promise<readonly Table[]> {
  const answer = await asks.query(
    `select c.oid, n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as relation,
       c.relkind as kind
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm', 'f') and n.nspname || '.' || c.relname = any($1)
     order by 2, 3`,
    [names],
  );
  return recordsOf(answer).map(({ oid, schema, name, relation, kind }) => ({
    oid: oid ?? '',
    schema: schema ?? '',
    name: name ?? '',
    relation: relation ?? '',
    kind: kind ?? '',
  }));
}

/**
 * Tables that exist under none of their names, and that no phase creates or drops. Without this, a misspelt table would
 * pass forever.
 */
export async function absentOf(asks: Asks, scope: Scope, tables: readonly string[]): Promise<readonly Cells[]> {
  const names = new Set(
    (await tablesNamed(asks, everyName(scope, tables))).map(({ schema, name }) => `${schema}.${name}`),
  );
  const declared = scope.phases.flatMap(({ effects }) => everyName(scope, [...effects.creates, ...effects.drops]));
  const isKnown = (name: string): boolean => names.has(name) || declared.includes(name);
  return tables
    .filter((table) => !everyName(scope, [table]).some(isKnown))
    .map((table) => ({ relation: table, unread: 'it does not exist, though the plan names it' }));
}

/** The result, or why the read failed: one unreadable table hides none of the others. */
export async function readOr<Read>(read: () => Promise<Read>): Promise<Read | { readonly refused: Refusal }> {
  try {
    return await read();
  } catch (error) {
    return { refused: refusalOf(error) };
  }
}

/**
 * Queries only while reading these relations runs nobody else's code. Otherwise it rejects with the reason, even if the
 * code shows up only after the query.
 */
export function careful(asks: Asks, code: RelationCode, relations: readonly NamedRelation[]): Asks {
  const refuse = async (since?: number): Promise<void> => {
    for (const { oid } of relations) {
      const why = await code.why(oid, since);
      if (why !== undefined) throw new Error(why);
    }
  };
  return {
    async query(text, values, options) {
      await refuse();
      const before = code.changes();
      const answer = await asks.query(text, values, { holding: relations, ...options });
      await refuse(performance.now());
      if (code.changes() !== before) throw new ChangedMeanwhile();
      return answer;
    },
  };
}

/** For a statement that names the relation and must find the one that was vetted. */
export const named = (
  oid: string | null | undefined,
  schema: string | null | undefined,
  name: string | null | undefined,
): NamedRelation => ({
  oid: oid ?? '',
  name: nameOf({ schema: schema ?? '', name: name ?? '' }),
});

/**
 * What reading all rows needs. Row-level security would hide some rows from any other login, which PostgreSQL therefore
 * rejects.
 */
export const readsEverything = 'grant pg_read_all_data to the login that reads, and make it bypass row level security';

/** `could not read public.t: permission denied (42501)`, with the grant that is missing. */
export const sayUnread = (
  unread: readonly { readonly what: string; readonly why: string }[],
  needs: string = readsEverything,
): string => {
  const said = sayFirst(unread, ({ what, why }) => `${what}: ${why}`);
  const grant = unread.some(({ why }) => /42501/.test(why)) ? `; ${needs}` : '';
  return `could not read ${said}${grant}`;
};

/** Reported beside faults. The faults may all be known, which says nothing about what was not read. */
export const besideFaults = (...all: Parameters<typeof sayUnread>): { readonly unseen?: string } =>
  all[0].length === 0 ? {} : { unseen: sayUnread(...all) };
