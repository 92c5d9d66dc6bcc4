import { randomBytes } from 'node:crypto';

import { type Declared, nameBefore } from '../../core/evidence/declared.ts';
import { relationAsPrinted } from '../../core/evidence/quoting.ts';
import { bare } from '../../core/evidence/thing.ts';
import type { PhasePlan } from '../../core/plan/phase.ts';
import { quoteIdentifier } from '../../target/identifiers.ts';
import type { Asks } from '../asks.ts';
import type { Before, Cells, Scope } from '../check.ts';
import { recordsOf } from '../pieces.ts';
import { named, type Table } from '../tables.ts';
import { sameTable } from './row-counts.ts';

/**
 * The sum of a hash of these columns over all rows, and the number of rows. Equal rows in any order give equal sums.
 */
export interface Sum {
  readonly columns: readonly string[];
  readonly rows: string;
  readonly sum: string;
  /**
   * Seed of the hash, a 64-bit integer. Someone who does not know it cannot choose rows that keep the sum unchanged.
   */
  readonly seed: string;
}

/** Sums are comparable only under the same seed: the baseline's, or a random one before there is a baseline. */
export const seedOf = ({ baseline, boundary }: Before, random = () => randomBytes(8).readBigInt64BE()): string =>
  [baseline, boundary].flatMap((seen) => Object.values(seen ?? {}).flatMap(sumsIn))[0]?.seed ?? `${random()}`;

/** Columns of this table that the phase adds, drops or rewrites. */
export function columnsOf({ effects }: PhasePlan, declared: Declared, relation: string): readonly string[] {
  const written = Object.entries(effects.writes).flatMap(([name, { columns }]) =>
    sameTable(declared, name, relation) ? columns : [],
  );
  const named = [...effects.creates, ...effects.drops].flatMap((name) => {
    const dot = name.lastIndexOf('.');
    return dot > 0 && sameTable(declared, name.slice(0, dot), relation) ? [name.slice(dot + 1)] : [];
  });
  return [...written, ...named];
}

export const without = (columns: readonly string[], taken: readonly string[]): readonly string[] =>
  columns.filter((column) => !taken.includes(column));

/**
 * The column sets to sum: all columns; for each phase, the columns it does not touch; the columns that no phase
 * touches; and the earlier sets, so that an undeclared new column does not make the old sums incomparable. One pass
 * computes all sums.
 */
function columnSets(
  columns: readonly string[],
  touched: readonly (readonly string[])[],
  before: readonly Sum[],
): readonly (readonly string[])[] {
  const old = before.map((one) => one.columns).filter((one) => one.every((column) => columns.includes(column)));
  const sets = [columns, ...touched.map((own) => without(columns, own)), without(columns, touched.flat()), ...old];
  const byName = new Map(sets.map((set) => [JSON.stringify(set), set]));
  return [...byName.values()].filter((set) => set.length > 0);
}

/**
 * Types that PostgreSQL can hash inside a record: types with a 64-bit hash operator class, domains over them, enums,
 * and arrays of these. Other types are hashed in their text form. Virtual columns are left out, because they are
 * computed from others.
 */
const columnsQuery = `
  with recursive base as (
    select a.attrelid, a.attnum, a.attname, a.atttypid as type from pg_attribute a
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'
    union all
    select b.attrelid, b.attnum, b.attname, case t.typtype when 'd' then t.typbasetype else t.typelem end
    from base b join pg_type t on t.oid = b.type
    where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)),
  leaf as (
    select distinct on (b.attnum) b.attnum, b.attname, b.type from base b join pg_type t on t.oid = b.type
    where t.typtype <> 'd' and not (t.typcategory = 'A' and t.typelem <> 0) order by b.attnum)
  select l.attname as column, t.typtype = 'e' or l.type = 'varchar'::regtype or exists (
      select from pg_opclass c join pg_am m on m.oid = c.opcmethod
        join pg_amproc p on p.amprocfamily = c.opcfamily and p.amproclefttype = c.opcintype and p.amprocnum = 2
      where m.amname = 'hash' and c.opcdefault and c.opcintype = l.type) as hashable
  from leaf l join pg_type t on t.oid = l.type order by l.attnum`;

/** The tables that hold the rows: the table itself, or its partitions and children, with their size in blocks. */
const leavesQuery = `
  with recursive tree as (
    select $1::oid as oid union select i.inhrelid from tree join pg_inherits i on i.inhparent = tree.oid)
  select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind,
    case when c.relkind in ('r', 'm') and m.amname = 'heap'
      then pg_relation_size(c.oid) / current_setting('block_size')::int end as blocks
  from tree join pg_class c on c.oid = tree.oid join pg_namespace n on n.oid = c.relnamespace
    left join pg_am m on m.oid = c.relam
  where c.relkind <> 'p' order by 2, 3`;

/** Blocks per statement: neither a statement nor its snapshot lasts long, and other checks can run in between. */
const blocksAtATime = 16_384;

/** Ranges of blocks. The last one is open-ended, for rows added in the meantime. */
function ranges(blocks: string | null): readonly string[] {
  if (blocks === null) return [''];
  const starts = Array.from(
    { length: Math.max(1, Math.ceil(Number(blocks) / blocksAtATime)) },
    (_, n) => n * blocksAtATime,
  );
  return starts.map((start, at) => {
    const next = starts[at + 1];
    return ` where ctid >= '(${start},0)'${next === undefined ? '' : ` and ctid < '(${next},0)'`}`;
  });
}

/** Adds arbitrary-precision integers. */
const add = (a: readonly bigint[], b: readonly (string | null)[]): readonly bigint[] =>
  a.map((one, at) => one + BigInt(b[at] ?? '0'));

/** Uses the type's output function, because a cast to text may call a function of the type's owner. */
const asPrinted = (column: string): string => `case when ${column} is not null then format('%s', ${column}) end`;

/**
 * PostgreSQL's hash of a record is 31 times the hash of the columns so far plus that of the next
 * (`hash_record_extended` in rowtypes.c). Summed directly, it would stay the same if the values of a column swapped
 * rows, so the record hash is hashed once more.
 */
const hashOfRow = (cells: readonly string[]): string =>
  `sum(hashtextextended(hash_record_extended(row(${cells.join(', ')}), $1)::text, $1))::text`;

export async function sumsOf(
  asks: Asks,
  table: Table,
  scope: Scope,
  { before, seed }: { readonly before: readonly Sum[]; readonly seed: string },
): Promise<Cells> {
  const columns = recordsOf(await asks.query(columnsQuery, [table.oid]));
  const hashable = new Map(columns.map(({ column, hashable: is }) => [column ?? '', is === 't'] as const));
  const declared = { underWay: [], applied: scope.phases };
  const touched = scope.phases.map((phase) => columnsOf(phase, declared, table.relation));
  const sets = columnSets([...hashable.keys()], touched, before);
  const written = (column: string) =>
    hashable.get(column) === true ? quoteIdentifier(column) : asPrinted(quoteIdentifier(column));
  const asked = ['count(*)', ...sets.map((set) => hashOfRow(set.map(written)))];
  let total: readonly bigint[] = asked.map(() => 0n);
  for (const { oid, schema, name, blocks } of recordsOf(await asks.query(leavesQuery, [table.oid]))) {
    const leaf = named(oid, schema, name);
    for (const range of ranges(blocks ?? null)) {
      const question = `select ${asked.join(', ')} from ${table.kind === 'f' ? '' : 'only '}${leaf.name}${range}`;
      total = add(total, (await asks.query(question, [seed], { holding: [leaf] })).rows[0] ?? []);
    }
  }
  const [rows = 0n, ...sums] = total;
  const kept = sets.map((set, at): Sum => ({ columns: set, rows: `${rows}`, sum: `${sums[at] ?? 0n}`, seed }));
  return {
    relation: table.relation,
    columns: JSON.stringify([...hashable.keys()]),
    sums: JSON.stringify(kept),
    unread: null,
  };
}

export const sumsIn = (text: string | undefined): readonly Sum[] => JSON.parse(text ?? '[]') as readonly Sum[];

/** The earlier sums of this table, under any name that the plan gives it. */
export function sumsBefore({ baseline, boundary }: Before, table: Table, { phases }: Scope): readonly Sum[] {
  const name = relationAsPrinted(bare(nameBefore({ underWay: [], applied: phases }, table.relation)));
  return [baseline, boundary].flatMap((seen) => sumsIn(seen?.[`table ${name}`] ?? seen?.[`table ${table.relation}`]));
}
