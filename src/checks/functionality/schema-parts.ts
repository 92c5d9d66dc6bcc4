import { nameBefore } from '../../core/evidence/declared.ts';
import { asPrinted } from '../../core/evidence/quoting.ts';
import { bare } from '../../core/evidence/thing.ts';
import type { Scope } from '../check.ts';
import { everyName } from '../tables.ts';
import { ofAnother, ofExtension, settled, settling, userRelations } from '../sql-pieces.ts';

/** A name in a definition, and what stands for it wherever definitions are compared. */
type Replacement = readonly [pattern: string, by: string];

const escaped = (text: string): string => text.replaceAll(/[^\p{L}\p{N}_]/gu, (sign) => `\\${sign}`);
/** The name by itself, or before the `_` with which whatever is named after the table goes on. */
const whole = (printed: string): string =>
  printed.includes('"') ? `${escaped(printed)}()` : `\\m${escaped(printed)}(_|\\M)`;

/** Schema and own name. */
function partsOf(name: string): readonly [string, string] {
  const dot = name.indexOf('.');
  return [asPrinted(name.slice(0, dot)), asPrinted(name.slice(dot + 1))];
}

/**
 * `public.molecules`, `molecules` and `molecules_pkey` stand for `public.molecule`, `molecule` and `molecule_pkey`, where
 * the plan renames one table to the other: what is named after a table may be renamed with it.
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

const hashed = (text: string): string => `to_hex(hashtextextended(${text}, 0))`;

/** Of a partition only itself counts: the rest it has from the table above. */
const parts = (named: (text: string) => string): readonly string[] => [
  `select r.oid, 'self' as kind, '' as name, ${hashed(
    named(`concat_ws('; ', r.relkind::text, r.relpersistence::text, pg_get_partkeydef(r.oid),
      pg_get_expr(r.relpartbound, r.oid), case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end,
      (select s.srvname from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
       where r.relkind = 'f' and f.ftrelid = r.oid))`),
  )} as hash
  from relation r where ${settled}`,
  `select r.oid, 'column', quote_ident(a.attname), ${hashed(`concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
      case when a.attnotnull then 'not null' end, a.attidentity::text, a.attgenerated::text,
      case when d.adbin is not null then ${named('pg_get_expr(d.adbin, d.adrelid)')} end)`)}
  from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where not r.relispartition and ${settled}`,
  `select r.oid, 'constraint', quote_ident(k.conname),
    ${hashed(named(`replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')`))}
  from relation r join pg_constraint k on k.conrelid = r.oid
  where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0 and not r.relispartition and ${settled}`,
  `select r.oid, 'index', format('%I.%I', r.nspname, c.relname), ${hashed(named('pg_get_indexdef(i.indexrelid)'))}
  from relation r join pg_index i on i.indrelid = r.oid join pg_class c on c.oid = i.indexrelid
  where not r.relispartition and ${settled} and not exists (
    select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))`,
  `select r.oid, 'trigger', quote_ident(t.tgname), ${hashed(named('pg_get_triggerdef(t.oid)'))}
  from relation r join pg_trigger t on t.tgrelid = r.oid
  where not t.tgisinternal and t.tgparentid = 0 and ${settled}`,
];

/** What a function does for its callers; who may call it is asked elsewhere. */
const functions = (named: (text: string) => string): string => `
  select 'function' as kind, format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)) as name,
    ${hashed(
      named(`concat_ws('; ', p.prokind::text, p.prosrc, p.probin, pg_get_function_sqlbody(p.oid),
        pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prolang::text, p.provolatile::text,
        p.proisstrict::text, p.prosecdef::text, p.proconfig::text)`),
    )} as hash
  from space s join pg_proc p on p.pronamespace = s.oid
  where ${settled} and not ${ofAnother('pg_proc', 'p.oid')}`;

/** Neither the row types of tables nor the arrays of others. */
const types = `
  select 'type', format('%I.%I', s.nspname, t.typname), ${hashed(`concat_ws('; ', t.typtype::text,
      (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
       from pg_enum e where e.enumtypid = t.oid),
      case t.typtype when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault) end,
      (select string_agg(pg_get_constraintdef(k.oid), ', ' order by k.conname)
       from pg_constraint k where k.contypid = t.oid and k.contype = 'c'),
      (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
       from pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped))`)}
  from space s join pg_type t on t.typnamespace = s.oid left join pg_class c on c.oid = t.typrelid
  where ${settled} and t.typtype in ('e', 'd', 'c', 'r') and coalesce(c.relkind = 'c', true)
    and not ${ofExtension('pg_type', 't.oid')}`;

/** One row for each relation, with a hash of each part of it, and one for each kind of what belongs to none. */
export function partsQuery(scope: Pick<Scope, 'phases'>): {
  readonly text: string;
  readonly values: readonly string[];
} {
  const replaced = replacements(scope);
  const named = (text: string): string =>
    replaced.reduce((sql, _, at) => `regexp_replace(${sql}, $${2 * at + 1}, $${2 * at + 2}, 'g')`, text);
  const text = `
    with ${settling},
    ${userRelations("'r', 'p', 'v', 'm', 'f'")},
    part as materialized (${parts(named).join('\n union all\n')})
    select case when r.relkind in ('v', 'm') then 'view' else 'table' end as kind, r.name as relation,
      json_agg(json_build_array(p.kind, p.name, p.hash, ${named('p.name')}))::text as parts
    from relation r join part p on p.oid = r.oid group by r.oid, r.relkind, r.name
    union all
    select 'others', null, json_agg(json_build_array(o.kind, o.name, o.hash))::text
    from (${functions(named)} union all ${types}) o`;
  return { text, values: replaced.flatMap(([pattern, by]) => [pattern, `${by.replaceAll('\\', '\\\\')}\\1`]) };
}
