import { nameBefore } from '../../core/evidence/declared.ts';
import { asPrinted } from '../../core/evidence/quoting.ts';
import { bare } from '../../core/evidence/thing.ts';
import type { Scope } from '../check.ts';
import { taken } from '../cascades.ts';
import { everyName } from '../tables.ts';
import { aggregate, range, schemaObjects } from '../schema-objects.ts';
import { lockedBefore, skippedBy } from '../past.ts';
import { unless, unlikeParent, withoutHash } from './part-sql.ts';
import { ofAnother, ofExtension, options, owner, shortlyHashed as hashed, userRelations } from '../sql-pieces.ts';

/** A name in a definition, and the text that replaces it before definitions are compared. */
type Replacement = readonly [pattern: string, by: string];

const escaped = (text: string): string => text.replaceAll(/[^\p{L}\p{N}_]/gu, (sign) => `\\${sign}`);
/** The name alone, or followed by the `_` that starts the rest of a derived name. */
const whole = (printed: string): string =>
  printed.includes('"') ? `${escaped(printed)}()` : `\\m${escaped(printed)}(_|\\M)`;

/** Schema and unqualified name. */
function partsOf(name: string): readonly [string, string] {
  const dot = name.indexOf('.');
  return [asPrinted(name.slice(0, dot)), asPrinted(name.slice(dot + 1))];
}

/**
 * Where the plan renames `public.molecule` to `public.molecules`, the names `public.molecules`, `molecules` and
 * `molecules_pkey` stand for `public.molecule`, `molecule` and `molecule_pkey`. Objects named after a table may be
 * renamed with it.
 */
export function replacements({ phases }: Pick<Scope, 'phases'>): readonly Replacement[] {
  const declared = { underWay: [], applied: phases };
  const named = phases.flatMap(({ effects }) => everyName({ phases }, Object.keys(effects.renames)));
  return [...new Set(named)].flatMap((name): readonly Replacement[] => {
    const old = bare(nameBefore(declared, name));
    if (old === name) return [];
    const [[schema, own], [oldSchema, oldOwn]] = [partsOf(name), partsOf(old)];
    return [
      ...(schema === oldSchema ? [] : [[whole(`${schema}.${own}`), `${oldSchema}.${oldOwn}`] as const]),
      [whole(own), oldOwn],
    ];
  });
}

/** Of a partition, only its own definition counts, and what it does not inherit from its parent table. */
const parts = (named: (text: string) => string, skipped: string): readonly string[] => [
  `select r.oid, 'self' as kind, '' as name, ${hashed(
    named(`concat_ws('; ', r.relkind::text, r.relpersistence::text, pg_get_partkeydef(r.oid), ${owner('r.relowner')},
      pg_get_expr(r.relpartbound, r.oid), case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end,
      case when r.relkind = 'v' then ${options('r.reloptions')} end,
      (select string_agg(h.inhparent::regclass::text, ', ' order by h.inhseqno) from pg_inherits h where h.inhrelid = r.oid),
      (select concat_ws(' ', s.srvname, ${options('f.ftoptions')})
       from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
       where r.relkind = 'f' and f.ftrelid = r.oid), ${unlikeParent})`),
  )} as hash,
    'pg_class'::regclass::oid as classid, r.oid as objid, 0 as objsubid
  from relation r`,
  `select r.oid, 'column', quote_ident(a.attname), ${unless(
    skipped,
    'd.oid',
    hashed(`concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
      case when a.attnotnull then 'not null' end, a.attidentity::text, a.attgenerated::text,
      case when a.attfdwoptions is not null then ${options('a.attfdwoptions')} end,
      case when d.adbin is not null then ${named('pg_get_expr(d.adbin, d.adrelid)')} end)`),
  )},
    'pg_class'::regclass::oid, r.oid, a.attnum
  from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where not r.relispartition`,
  `select r.oid, 'constraint', quote_ident(k.conname),
    ${unless(skipped, 'k.oid', hashed(named(`replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')`)))},
    'pg_constraint'::regclass::oid, k.oid, 0
  from relation r join pg_constraint k on k.conrelid = r.oid
  where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0 and (not r.relispartition or k.coninhcount = 0)`,
  `select r.oid, 'index', format('%I.%I', r.nspname, c.relname), ${unless(skipped, 'i.indexrelid', hashed(named('pg_get_indexdef(i.indexrelid)')))},
    'pg_class'::regclass::oid, i.indexrelid, 0
  from relation r join pg_index i on i.indrelid = r.oid join pg_class c on c.oid = i.indexrelid
  where not (r.relispartition and exists (select from pg_inherits h where h.inhrelid = i.indexrelid)) and not exists (
    select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))`,
  `select r.oid, 'trigger', quote_ident(t.tgname), ${unless(skipped, 't.oid', hashed(named(`concat(pg_get_triggerdef(t.oid), case t.tgenabled when 'A' then ' always' end)`)))},
    'pg_trigger'::regclass::oid, t.oid, 0
  from relation r join pg_trigger t on t.tgrelid = r.oid
  where not t.tgisinternal and t.tgparentid = 0`,
  `select r.oid, 'rule', quote_ident(w.rulename), ${unless(skipped, 'w.oid', hashed(named(`concat_ws('; ', pg_get_ruledef(w.oid), w.ev_enabled::text)`)))},
    'pg_rewrite'::regclass::oid, w.oid, 0
  from relation r join pg_rewrite w on w.ev_class = r.oid
  where w.ev_type <> '1'`,
  `select r.oid, 'sequence', quote_ident(a.attname), ${hashed('q.definition')},
    'pg_class'::regclass::oid, q.oid, 0
  from sequence q join relation r on r.oid = q.relid
    join pg_attribute a on a.attrelid = q.relid and a.attnum = q.attnum`,
];

/**
 * Sequence definitions. A sequence that fills a column is part of that column: it is created, dropped and retyped with
 * it.
 */
const sequences = `
  sequence as materialized (
    select c.oid, format('%I.%I', c.nspname, c.relname) as name, d.refobjid as relid, d.refobjsubid as attnum,
      c.relowner as maker,
      concat_ws(' ', case when d.objid is null then ${owner('c.relowner')} end, format_type(q.seqtypid, null), 'start', q.seqstart,
        'increment', q.seqincrement, 'from', q.seqmin, 'to', q.seqmax, 'cache', q.seqcache, q.seqcycle) as definition
    from pg_sequence q join (
        select c.oid, c.relname, c.relowner, s.nspname from space s join pg_class c on c.relnamespace = s.oid
        where c.relkind = 'S' and not ${ofExtension('pg_class', 'c.oid')}) c on c.oid = q.seqrelid
      left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
        and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i'))`;

interface Params {
  readonly locks: string;
  readonly skipped: string;
}

/** SQL: what keeps a function from being printed. Only a body that was parsed when it was made names other relations. */
const aroundFunction = ({ locks, skipped }: Params): string => `
  nullif(concat_ws(',', case when p.prosqlbody is not null then ${lockedBefore(locks, '0', 'pg_proc', 'p.oid')} end,
    ${skippedBy(skipped, 'p.oid', 'p.proowner')}), '')`;

/** What a function does for its callers. Other checks cover who may call it. */
const functions = (named: (text: string) => string, params: Params): string => `
  select 'function' as kind, format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)) as name,
    ${hashed(
      named(`concat_ws('; ', p.prokind::text, p.prosrc, p.probin, pg_get_function_sqlbody(p.oid),
        pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prolang::text, p.provolatile::text,
        p.proisstrict::text, p.prosecdef::text, p.proconfig::text, p.proleakproof::text, p.proparallel::text,
        ${owner('p.proowner')}, case p.prokind when 'a' then ${aggregate('p.oid')} end)`),
    )} as hash, pg_get_userbyid(p.proowner) as maker,
    'pg_proc'::regclass::oid as classid, p.oid as objid
  from space s join pg_proc p on p.pronamespace = s.oid
  where not ${ofAnother('pg_proc', 'p.oid')}
    and ${aroundFunction(params)} is null`;

/** Views, rules and functions with a pre-parsed body name other relations. A partition is compared with its parent. */
const hidden = ({ locks, skipped }: Params): string => `
  hidden as materialized (
    select r.oid, around.locked from any_relation r cross join lateral (
      select string_agg(oid::text, ',' order by oid) as locked from (
        select l.oid from unnest(${locks}::oid[]) l (oid) where l.oid = r.oid
        union
        select l.oid from unnest(${locks}::oid[]) l (oid)
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = l.oid
          join pg_rewrite w on w.oid = d.objid
        where w.ev_class = r.oid
        union
        select l.oid from unnest(${locks}::oid[]) l (oid) join pg_inherits h on h.inhparent = l.oid
        where r.relispartition and h.inhrelid = r.oid
        union
        select s.oid from unnest(${skipped}::oid[]) s (oid) where s.oid in (r.oid, r.relowner)
        union
        select s.oid from unnest(${skipped}::oid[]) s (oid) join pg_inherits h on h.inhrelid = r.oid
          join pg_class p on p.oid = h.inhparent left join pg_attrdef d on d.oid = s.oid
        where r.relispartition and (s.oid = p.relowner or d.adrelid in (r.oid, p.oid))) found) around
    where around.locked is not null),
  relation as materialized (select * from any_relation r where not exists (select from hidden where hidden.oid = r.oid))`;

/** Excludes the row types of tables and array types. */
const someTypes = `
  from space s join pg_type t on t.typnamespace = s.oid left join pg_class c on c.oid = t.typrelid
  where t.typtype in ('e', 'd', 'c', 'r') and coalesce(c.relkind = 'c', true)
    and not ${ofExtension('pg_type', 't.oid')}`;

const types = (skipped: string): string => `
  select 'type', format('%I.%I', s.nspname, t.typname), ${hashed(`concat_ws('; ', t.typtype::text, ${owner('t.typowner')},
      (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
       from pg_enum e where e.enumtypid = t.oid),
      case t.typtype when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull,
        t.typcollation::regcollation, t.typdefault) end,
      case t.typtype when 'r' then ${range('t.oid')} end,
      (select string_agg(pg_get_constraintdef(k.oid), ', ' order by k.conname)
       from pg_constraint k where k.contypid = t.oid and k.contype = 'c'),
      (select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
          nullif(a.attcollation, 0)::regcollation), ', ' order by a.attnum)
       from pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped))`)},
    pg_get_userbyid(t.typowner), 'pg_type'::regclass::oid, t.oid
  ${someTypes} and ${skippedBy(skipped, 't.oid', 't.typowner')} is null`;

/** The owner of a schema can drop everything in it. */
const others = `
  select 'schema', quote_ident(s.nspname), ${hashed(owner('s.nspowner'))}, pg_get_userbyid(s.nspowner), 'pg_namespace'::regclass::oid, s.oid
  from space s where not ${ofExtension('pg_namespace', 's.oid')}
  union all
  select 'sequence', q.name, ${hashed('q.definition')}, pg_get_userbyid(q.maker), 'pg_class'::regclass::oid, q.oid
  from sequence q where q.relid is null
  union all
  select o.kind, o.name, ${hashed('o.definition')}, o.maker, o.classid, o.objid from (${schemaObjects}) o`;

const kind = `case when r.relkind in ('v', 'm') then 'view' else 'table' end`;

/** One row for each relation, with a hash of each part, and one for each kind of object that belongs to no relation. */
export function partsQuery(scope: Pick<Scope, 'phases'>): {
  readonly text: string;
  readonly values: readonly string[];
} {
  const replaced = replacements(scope);
  const named = (text: string): string =>
    replaced.reduce((sql, _, at) => `regexp_replace(${sql}, $${2 * at + 1}, $${2 * at + 2}, 'g')`, text);
  const params = { locks: `$${2 * replaced.length + 1}`, skipped: `$${2 * replaced.length + 2}` };
  const text = `
    with recursive ${taken},
    ${userRelations("'r', 'p', 'v', 'm', 'f'", 'any_relation')}, ${hidden(params)}, ${sequences},
    part as materialized (${parts(named, params.skipped).join('\n union all\n')})
    select ${kind} as kind, r.name as relation, null as name, null as locked,
      json_agg(case when p.kind = 'self' then json_build_array(p.kind, p.name, p.hash, '', pg_get_userbyid(r.relowner), taken.takers)
        when taken.takers is null then json_build_array(p.kind, p.name, p.hash, ${named('p.name')})
        else json_build_array(p.kind, p.name, p.hash, ${named('p.name')}, null, taken.takers) end)::text as parts
    from relation r join part p on p.oid = r.oid and p.hash is not null
      left join taken using (classid, objid, objsubid) group by r.oid, r.relkind, r.name, r.relowner
    union all
    select ${kind}, r.name, null, hidden.locked, null from any_relation r join hidden using (oid)
    union all
    select p.kind, r.name, ${named('p.name')}, coalesce(d.oid, p.objid)::text, ${withoutHash('p.kind', 'p.name', named('p.name'))}
    from relation r join part p on p.oid = r.oid and p.hash is null
      left join pg_attrdef d on p.kind = 'column' and d.adrelid = p.objid and d.adnum = p.objsubid
    union all
    select 'function', null, format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)), around.locked,
      ${withoutHash("'function'", "format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes))")}
    from space s join pg_proc p on p.pronamespace = s.oid
      cross join lateral (select ${aroundFunction(params)} as locked) around
    where around.locked is not null and not ${ofAnother('pg_proc', 'p.oid')}
    union all
    select 'type', null, format('%I.%I', s.nspname, t.typname), ${skippedBy(params.skipped, 't.oid', 't.typowner')},
      ${withoutHash("'type'", "format('%I.%I', s.nspname, t.typname)")}
    ${someTypes} and ${skippedBy(params.skipped, 't.oid', 't.typowner')} is not null
    union all
    select 'others', null, null, null, json_agg(json_build_array(o.kind, o.name, o.hash, null, o.maker, taken.takers))::text
    from (${functions(named, params)} union all ${types(params.skipped)} union all ${others}) o
      left join taken on (taken.classid, taken.objid, taken.objsubid) = (o.classid, o.objid, 0)`;
  return { text, values: replaced.flatMap(([pattern, by]) => [pattern, `${by.replaceAll('\\', '\\\\')}\\1`]) };
}
