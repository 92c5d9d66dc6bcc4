import { isInFlux } from '../../core/evidence/declared.ts';
import { sayThing } from '../../core/evidence/thing.ts';
import { quoteIdentifier } from '../../target/identifiers.ts';
import type { RelationCode } from '../../target/untrusted-code.ts';
import type { Asks } from '../asks.ts';
import { type Cells, check } from '../check.ts';
import { faultOf, recordsOf, sayCounted } from '../pieces.ts';
import { absentOf, besideFaults, careful, everyName, readOr, sayUnread } from '../tables.ts';
import { tableThing } from './row-counts.ts';

/** Complete, permanent B-tree indexes of the tables with these names and of their partitions. */
const listed = `
  with recursive tree as (
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and n.nspname || '.' || c.relname = any($1)
    union select i.inhrelid from tree join pg_inherits i on i.inhparent = tree.oid)
  select i.indexrelid as oid, i.indrelid as table_oid, format('%I.%I', n.nspname, c.relname) as name, format('%I.%I', tn.nspname, t.relname) as relation,
    (select en.nspname from pg_extension e join pg_namespace en on en.oid = e.extnamespace
     where e.extname = 'amcheck') as schema
  from tree join pg_index i on i.indrelid = tree.oid join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = c.relam
    join pg_class t on t.oid = i.indrelid join pg_namespace tn on tn.oid = t.relnamespace
  where c.relkind = 'i' and m.amname = 'btree' and c.relpersistence = 'p'
    and i.indisvalid and i.indisready and i.indislive
  order by 2`;

/** Data corrupted, index corrupted: amcheck raises these when it finds damage. */
const corrupted = /^XX00[12]$/;

async function examine(asks: Asks, index: Cells, runs: RelationCode): Promise<Cells> {
  const call = `${quoteIdentifier(index.schema ?? '')}.bt_index_check($1::oid::regclass, true)`;
  const answer = await readOr(() =>
    careful(asks, runs, [{ oid: index.table_oid ?? '', name: index.relation ?? '' }]).query(`select ${call}`, [
      index.oid,
    ]),
  );
  if (!('refused' in answer)) return { ...index, damage: null, unread: null };
  const { code = '', message } = answer.refused;
  return corrupted.test(code)
    ? { ...index, damage: message, unread: null }
    : { ...index, damage: null, unread: message };
}

const thingOf = ({ name, relation }: Cells) =>
  name === undefined ? tableThing(relation) : { kind: 'index', name: name ?? '', relation: relation ?? '' };

const needs = 'grant execute on function bt_index_check(regclass, boolean) to the guard’s role';

/** Checks that the index is in order and contains every row of its table. */
export const amcheck = check({
  id: 'amcheck',
  cost: 'C',
  login: 'reading',
  against: 'nothing',
  mayAt: 'veto',
  extension: 'amcheck',
  reads: ['pg_class', 'pg_namespace', 'pg_index', 'pg_inherits', 'pg_am', 'pg_extension'],
  needs,
  remedy: 'reindex index concurrently NAME; if the index is unique, then look for duplicate rows',
  ask: {
    steps: async (asks, scope, limits) => {
      const names = everyName(scope, [...scope.staticTables, ...scope.phaseTables, ...limits.tables]);
      const rows: Cells[] = [...(await absentOf(asks, scope, limits.tables))];
      const indexes = recordsOf(await asks.query(listed, [names]));
      const runs = scope.code(indexes.map((index) => index.table_oid ?? ''));
      for (const index of indexes) rows.push(await examine(asks, index, runs));
      return rows;
    },
  },
  judge: ({ rows, declared }) => {
    const faults = rows
      .filter((row) => (row.damage ?? null) !== null && !isInFlux(declared, thingOf(row), 'existence'))
      .map((row) => faultOf(declared, thingOf(row), `is damaged: ${row.damage}`, 'veto'));
    const unread = rows.flatMap((row) =>
      row.unread === null ? [] : [{ what: sayThing(thingOf(row)), why: row.unread ?? '' }],
    );
    if (faults.length === 0 && unread.length > 0) return { unknown: sayUnread(unread, needs) };
    const saw = `${sayCounted(rows.length, 'index', 'indexes')} in order, with every row in them`;
    return { faults, saw, ...besideFaults(unread, needs) };
  },
  breach: { rows: [{ name: 'public.i', relation: 'public.t', damage: 'item order invariant violated', unread: null }] },
});
