import { isDeclared, isInFlux, isUnsettled, thingBefore } from '../../core/evidence/declared.ts';
import type { Fault, Seen } from '../../core/evidence/finding.ts';
import { sayThing, type Thing } from '../../core/evidence/thing.ts';
import { seconds } from '../../core/kernel/units.ts';
import { type Cells, check, everyone, type CheckInput } from '../check.ts';
import { faultOf, noBaseline, sayCounted, userSchemas } from '../pieces.ts';
import { hashedIfLong } from '../sql-pieces.ts';

const lasting = seconds(10);

const tableOf = ({ relation }: Cells): Thing => ({ kind: 'table', relation: relation ?? '' });
const seenOf = (
  rows: readonly Cells[],
  { declared }: Pick<CheckInput, 'declared'>,
  thingOf: (row: Cells) => Thing,
): Seen =>
  Object.fromEntries(rows.map((row) => [sayThing(thingBefore(declared, thingOf(row))), row.state ?? ''] as const));

const publicationOf = ({ name, relation }: Cells): Thing => ({
  kind: 'publication',
  name: name ?? '',
  relation: relation ?? undefined,
});

/** What the baseline published and is no longer published, under names that no phase drops or changes. */
function unpublished(object: string, { declared }: CheckInput<'publications'>): readonly Fault[] {
  const [, name = '', relation] = /^publication ("(?:[^"]|"")*"|\S+)(?: on (.*))?$/s.exec(object) ?? [];
  const thing: Thing = { kind: 'publication', name, relation };
  const dropped = isDeclared(declared, thing, 'existence') || isUnsettled(declared, thing, 'existence');
  return dropped ? [] : [{ object, what: 'is gone', consequence: 'sustained', lasting }];
}

/** PostgreSQL 15 introduced row filters and column lists. */
export const publications = check({
  id: 'publications',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: ['pg_publication', 'pg_publication_tables'],
  needs: everyone,
  remedy: 'alter publication NAME add table NAME, and refresh the subscriptions',
  ask: ({ server }) => ({
    text: `
      select quote_ident(p.pubname) as name, null as relation, concat_ws(' ', case when p.puballtables then 'all tables' end,
        case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
        case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end) as state
      from pg_publication p
      union all
      select quote_ident(t.pubname), format('%I.%I', t.schemaname, t.tablename),
        ${server.version >= 150_000 ? hashedIfLong(`concat_ws(' ', 'where ' || t.rowfilter, array_to_string(t.attnames, ', '))`) : `''`}
      from pg_publication_tables t`,
  }),
  judge: (input) => {
    const { rows, declared, baseline } = input;
    const seen = seenOf(rows, input, publicationOf);
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const changed = rows.flatMap((row): readonly Fault[] => {
      const thing = publicationOf(row);
      const was = baseline[sayThing(thingBefore(declared, thing))];
      if (was === undefined || was === row.state) return [];
      if (isInFlux(declared, thing, 'existence') || isDeclared(declared, thing, 'existence')) return [];
      return [{ ...faultOf(declared, thing, `publishes ${row.state}, where it was ${was}`, 'sustained'), lasting }];
    });
    const gone = Object.keys(baseline).filter((object) => !(object in seen));
    const faults = [...changed, ...gone.flatMap((object) => unpublished(object, input))];
    const tables = rows.filter(({ relation }) => relation !== null);
    return { faults, seen, saw: `${sayCounted(tables.length, 'published table')}, as in the baseline` };
  },
  breach: { baseline: { 'publication p on public.t': '' }, rows: [{ name: 'p', relation: null, state: 'insert' }] },
});

/** A partition may have a key of its own, which its parent table has not. */
const tables = `
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_inherits h on h.inhrelid = c.oid and c.relispartition
    left join pg_class pc on pc.oid = h.inhparent left join pg_namespace pn on pn.oid = pc.relnamespace
  where c.relkind in ('r', 'p') and ${userSchemas('n')}`;

/** What a partition lost with its parent table is one fault, that of the parent. */
const topmost = (lost: readonly Cells[]): readonly Cells[] => {
  const names = new Set(lost.map(({ relation }) => relation));
  return lost.filter(({ parent }) => typeof parent !== 'string' || !names.has(parent));
};

export const primaryKeys = check({
  id: 'primary-keys',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: ['pg_class', 'pg_namespace', 'pg_index', 'pg_inherits'],
  needs: everyone,
  remedy: 'alter table NAME add primary key (COLUMNS)',
  ask: `
    select format('%I.%I', n.nspname, c.relname) as relation, case when h.inhrelid is not null then
      format('%I.%I', pn.nspname, pc.relname) end as parent, case when exists (
      select from pg_index i where i.indrelid = c.oid and i.indisprimary) then 'yes' else 'no' end as state ${tables}`,
  judge: (input) => {
    const { rows, declared, baseline } = input;
    const seen = seenOf(rows, input, tableOf);
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const had = (row: Cells) => baseline[sayThing(thingBefore(declared, tableOf(row)))] === 'yes';
    const faults = topmost(rows.filter((row) => row.state !== 'yes' && had(row))).map((row): Fault => {
      return { ...faultOf(declared, tableOf(row), 'has no primary key any more', 'sustained'), lasting };
    });
    const keyed = rows.filter(({ state }) => state === 'yes');
    return { faults, seen, saw: `${sayCounted(keyed.length, 'primary key')}, none missing since the baseline` };
  },
  breach: { baseline: { 'table public.t': 'yes' }, rows: [{ relation: 'public.t', state: 'no' }] },
});

/** How subscribers tell the rows of a published table apart. Without it, PostgreSQL rejects updates and deletes. */
function identityFault(row: Cells, input: CheckInput<'replica-identity'>): readonly Fault[] {
  const { declared, baseline } = input;
  const was = baseline?.[sayThing(thingBefore(declared, tableOf(row)))];
  const index: Thing = { kind: 'index', name: row.identity_index ?? '', relation: row.relation ?? '' };
  const index_said = isDeclared(declared, index, 'existence') || isUnsettled(declared, index, 'existence');
  // A new partition has what its parent table gives it.
  const isNew = row.partition === 't' && was === undefined;
  const lost = row.published === 't' && row.state === 'nothing' && !isNew;
  if (!lost && (was === undefined || was === row.state || index_said)) return [];
  const said = lost
    ? 'is published for updates or deletes, and has no replica identity'
    : `has the replica identity ${row.state}, where it was ${was}`;
  return [{ ...faultOf(declared, tableOf(row), said, 'sustained'), lasting }];
}

export const replicaIdentity = check({
  id: 'replica-identity',
  cost: 'B',
  against: 'baseline',
  mayAt: 'sustained',
  reads: ['pg_class', 'pg_namespace', 'pg_index', 'pg_publication', 'pg_publication_rel'],
  needs: everyone,
  remedy: 'alter table NAME replica identity default, or using index NAME',
  ask: `
    with keyed as materialized (select indrelid, indexrelid, indisprimary, indisreplident from pg_index
      where indisprimary or indisreplident),
    published as materialized (
      select r.prrelid from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
      where p.pubupdate or p.pubdelete)
    select format('%I.%I', n.nspname, c.relname) as relation, ic.relname as identity_index,
      case when c.relreplident = 'f' then 'full'
        when c.relreplident = 'i' and ic.relname is not null then 'index ' || quote_ident(ic.relname)
        when c.relreplident = 'd' and k.indrelid is not null then 'primary key' else 'nothing' end as state,
      c.relispartition as partition,
      exists (select from published p where p.prrelid = c.oid)
        or (c.relispartition and exists (
          select from pg_partition_ancestors(c.oid) a (oid) join published p on p.prrelid = a.oid))
        or exists (select from pg_publication where puballtables and (pubupdate or pubdelete)) as published
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join keyed k on k.indrelid = c.oid and k.indisprimary
      left join keyed i on i.indrelid = c.oid and i.indisreplident left join pg_class ic on ic.oid = i.indexrelid
    where c.relkind in ('r', 'p') and ${userSchemas('n')}`,
  judge: (input) => {
    const { rows, baseline } = input;
    const seen = seenOf(rows, input, tableOf);
    if (baseline === undefined) return { unknown: noBaseline, seen };
    const faults = rows.flatMap((row) => identityFault(row, input));
    return { faults, seen, saw: `${sayCounted(rows.length, 'table')}, with the replica identity of the baseline` };
  },
  breach: {
    baseline: { 'table public.t': 'primary key' },
    rows: [{ relation: 'public.t', identity_index: null, state: 'full', published: 'f' }],
  },
});
