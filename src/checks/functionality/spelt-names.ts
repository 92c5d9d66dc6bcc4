import { actsAs } from '../acts-as.ts';
import { userSchemas } from '../pieces.ts';
import { schemaObjects } from '../schema-objects.ts';
import { settingName, settingsHere } from '../sql-pieces.ts';

/** Kinds that a plan may put before a name, as findings do: `function f`, `event trigger e`. */
const kinds = [
  'table',
  'foreign table',
  'view',
  'materialised view',
  'materialized view',
  'column',
  'sequence',
  'index',
  'function',
  'trigger',
  'event trigger',
  'constraint',
  'policy',
  'type',
  'schema',
  'extension',
  'publication',
  'role',
  'language',
  'untrusted language',
  'foreign server',
  'foreign data wrapper',
  'rule',
  'operator class',
  'operator family',
  'operator',
  'cast',
  'collation',
  'text search configuration',
  'text search dictionary',
  'setting',
];
const said = new RegExp(`^(?:${kinds.join('|')}) `);

const kindOf = (name: string): string => said.exec(name)?.[0] ?? '';
const withoutKind = (name: string): string => name.slice(kindOf(name).length);

/** An object in `public` may be named with or without its schema: both are the same name. A leading kind stays. */
export function canonical(name: string): string {
  const alone = withoutKind(name);
  return kindOf(name) + (alone.startsWith('public.') ? alone.slice('public.'.length) : alone);
}

/** The catalog name without schema, table or arguments. It narrows the rows that are spelt out in every form. */
function ownNames(name: string): readonly string[] {
  const alone = name.split(' on ', 1)[0] ?? name;
  const called = alone.includes('(') ? alone.slice(0, alone.indexOf('(')) : alone;
  return [name, alone, called].flatMap((one) => [one, one.slice(one.lastIndexOf('.') + 1)]);
}

/** Every form in which a plan may name each object. The schema is left out if it is `public`. */
const within = (schema: string) => `case when ${schema} = 'public' then '' else ${schema} || '.' end`;
const owned = (kind: string, catalogue: string, name: string, relation: string) => `
  select '${kind}', spelt.name, r.relowner from ${catalogue} o join relation r on r.oid = o.${relation},
    lateral (values (o.${name}::text), (o.${name} || ' on ' || r.name), (o.${name} || ' on public.' || r.name))
      spelt (name)
  where o.${name}::text = any($2)`;

const named = `
  with space as materialized (select n.* from pg_namespace n where ${userSchemas('n')}),
  relation as (
    select c.oid, c.relname, c.relkind, c.relowner, ${within('s.nspname')} || c.relname as name
    from pg_class c join space s on s.oid = c.relnamespace),
  spelt (kind, name, owner) as (
    select kind, name, relowner from relation, unnest(case relkind when 'v' then '{view}'
        when 'm' then '{view,materialised view,materialized view}' when 'f' then '{table,foreign table}'
        when 'S' then '{sequence}' when 'i' then '{index}' when 'I' then '{index}' when 'c' then '{type}'
        else '{table}' end::text[]) kind
      where relname::text = any($2)
    union all select 'column', r.name || '.' || a.attname, r.relowner
      from pg_attribute a join relation r on r.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped and a.attname::text = any($2)
    union all select 'function', spelt.name, p.proowner from pg_proc p join space s on s.oid = p.pronamespace,
      lateral (values (${within('s.nspname')} || p.proname),
        (${within('s.nspname')} || p.proname || '(' || oidvectortypes(p.proargtypes) || ')')) spelt (name)
      where p.proname::text = any($2)
    union all ${owned('trigger', 'pg_trigger', 'tgname', 'tgrelid')}
    union all ${owned('constraint', 'pg_constraint', 'conname', 'conrelid')}
    union all ${owned('rule', 'pg_rewrite', 'rulename', 'ev_class')}
    union all ${owned('policy', 'pg_policy', 'polname', 'polrelid')}
    union all select 'type', ${within('s.nspname')} || t.typname, t.typowner from pg_type t join space s on s.oid = t.typnamespace
      where t.typname::text = any($2)
    union all select 'schema', nspname, nspowner from space
    union all select 'extension', extname, extowner from pg_extension
    union all select 'publication', pubname, pubowner from pg_publication
    union all select 'role', rolname, null from pg_roles
    union all select kind, lanname, lanowner from pg_language, unnest('{language,untrusted language}'::text[]) kind
    union all select 'foreign server', srvname, srvowner from pg_foreign_server
    union all select 'foreign data wrapper', fdwname, fdwowner from pg_foreign_data_wrapper
    union all select 'event trigger', evtname, evtowner from pg_event_trigger
    union all select 'setting', replace(substr(${settingName}, length('setting ') + 1), '"', ''), null ${settingsHere}
    union all select o.kind, spelt.name, (select oid from pg_roles where rolname = o.maker) from (${schemaObjects}) o,
      lateral (select regexp_replace(replace(o.name, '"', ''), '^public[.]', '') as alone) own,
      lateral (values (own.alone), (split_part(own.alone, '(', 1))) spelt (name))
  select wanted as name,
    case when bool_and(s.owner is not null) then json_agg(distinct pg_get_userbyid(s.owner))::text end as owners,
    coalesce(bool_and(s.kind in ('trigger', 'constraint', 'rule', 'policy') and wanted not like '% on %'
        and s.owner not in ${actsAs('$3')}), false)
      and exists (select from pg_roles where rolname = $3 and not rolsuper) as strangers
  from unnest($1::text[]) wanted
    join (select kind, name, owner from spelt union all select kind, kind || ' ' || name, owner from spelt) s
      on s.name = wanted
  group by wanted`;

/**
 * Which of these names exist on the server, with or without their kind. Also the owners of all objects of that name
 * (none if one of them has no owner), and whether a name without a table means only parts of tables whose owners this
 * role cannot act as.
 */
export function spelt(
  names: readonly string[],
  role: string | undefined,
): { readonly text: string; readonly values: readonly unknown[] } {
  const wanted = [...new Set(names.map(canonical))];
  const own = [...new Set(wanted.flatMap((name) => [name, withoutKind(name)]).flatMap(ownNames))];
  return { text: named, values: [wanted, own, role ?? null] };
}
