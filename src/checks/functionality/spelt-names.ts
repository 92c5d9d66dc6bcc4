import { actsAs } from '../../target/acts-as.ts';
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

const quotedParts = /"((?:[^"]|"")*)"/g;

/** The catalog name without schema, table or arguments. It narrows the rows that are spelt out in every form. */
function ownNames(name: string): readonly string[] {
  const parts = [name.split(' on ', 1)[0] ?? name, name.slice(0, Math.max(name.lastIndexOf(' on '), 0))];
  const called = parts.map((alone) => (alone.includes('(') ? alone.slice(0, alone.indexOf('(')) : alone));
  const quoted = [...name.matchAll(quotedParts)].map(([, inner = '']) => inner.replaceAll('""', '"'));
  return [name, ...parts, ...called, ...quoted].flatMap((one) => [one, one.slice(one.lastIndexOf('.') + 1)]);
}

/**
 * SQL: a name as a plan writes it. It needs quotes where its text would read as something else, because anybody may
 * call a table `app.moved`, `p on orders` or `function f`.
 */
const plain = (name: string, like = `[.]| on |^(${kinds.join('|')}) `) =>
  `(case when ${name} ~ '${like}' then '"' || replace(${name}, '"', '""') || '"' else ${name}::text end)`;

/**
 * Every form in which a plan may name each object. The schema is left out if it is `public`. `loose`: the form does not say
 * of which table it is a part, or may mean a table in a schema of that name.
 */
const within = (schema: string) => `case when ${schema} = 'public' then '' else ${plain(schema)} || '.' end`;
const owned = (kind: string, catalogue: string, name: string, relation: string) => `
  select '${kind}', spelt.name, '${kind} ' || spelt.name, r.relowner, spelt.loose
  from ${catalogue} o join relation r on r.oid = o.${relation},
    lateral (values (o.${name}::text, true), (o.${name} || ' on ' || r.name, false),
      (case when r.schema = 'public' then o.${name} || ' on public.' || r.name end, false)) spelt (name, loose)
  where o.${name}::text = any($2)`;
const ofNoSchema = (kind: string, name: string, owner: string, from: string) =>
  `select ${kind}, ${plain(name)}, ${kind} || ' ' || ${name}, ${owner}, false from ${from}`;
/** With the kind before each name. */
const all = (select: string) =>
  `select kind, name, kind || ' ' || name, owner, loose from (${select}) o (kind, name, owner, loose)`;

const named = `
  with space as materialized (select n.* from pg_namespace n where ${userSchemas('n')}),
  relation as (
    select c.oid, c.relname, c.relkind, c.relowner, s.nspname as schema, ${within('s.nspname')} || ${plain('c.relname')} as name
    from pg_class c join space s on s.oid = c.relnamespace),
  spelt (kind, name, said, owner, loose) as (
    ${all(`select kind, name, relowner, false from relation, unnest(case relkind when 'v' then '{view}'
        when 'm' then '{view,materialised view,materialized view}' when 'f' then '{table,foreign table}'
        when 'S' then '{sequence}' when 'i' then '{index}' when 'I' then '{index}' when 'c' then '{type}'
        else '{table}' end::text[]) kind
      where relname::text = any($2)
    union all select 'column', r.name || '.' || ${plain('a.attname', '[.]')}, r.relowner,
      r.schema = 'public' and exists (select from space where nspname = r.relname)
      from pg_attribute a join relation r on r.oid = a.attrelid
      where a.attnum > 0 and not a.attisdropped and a.attname::text = any($2)
    union all select 'function', spelt.name, p.proowner, false from pg_proc p join space s on s.oid = p.pronamespace,
      lateral (select ${within('s.nspname')} || ${plain('p.proname')} as own) own,
      lateral (values (own), (own || '(' || oidvectortypes(p.proargtypes) || ')')) spelt (name)
      where p.proname::text = any($2)
    union all select 'type', ${within('s.nspname')} || ${plain('t.typname')}, t.typowner, false
      from pg_type t join space s on s.oid = t.typnamespace where t.typname::text = any($2)
    union all select 'setting', replace(substr(${settingName}, length('setting ') + 1), '"', ''), null, false ${settingsHere}
    union all select o.kind, spelt.name, (select oid from pg_roles where rolname = o.maker), false from (${schemaObjects}) o,
      lateral (select regexp_replace(regexp_replace(o.name, '"([^".]*)"', '\\1', 'g'), '^public[.]', '') as alone) own,
      lateral (values (own.alone), (split_part(own.alone, '(', 1))) spelt (name)`)}
    union all ${owned('trigger', 'pg_trigger', 'tgname', 'tgrelid')}
    union all ${owned('constraint', 'pg_constraint', 'conname', 'conrelid')}
    union all ${owned('rule', 'pg_rewrite', 'rulename', 'ev_class')}
    union all ${owned('policy', 'pg_policy', 'polname', 'polrelid')}
    union all ${ofNoSchema("'schema'", 'nspname', 'nspowner', 'space')}
    union all ${ofNoSchema("'extension'", 'extname', 'extowner', 'pg_extension')}
    union all ${ofNoSchema("'publication'", 'pubname', 'pubowner', 'pg_publication')}
    union all ${ofNoSchema("'role'", 'rolname', 'null::oid', 'pg_roles')}
    union all ${ofNoSchema('kind', 'lanname', 'lanowner', "pg_language, unnest('{language,untrusted language}'::text[]) kind")}
    union all ${ofNoSchema("'foreign server'", 'srvname', 'srvowner', 'pg_foreign_server')}
    union all ${ofNoSchema("'foreign data wrapper'", 'fdwname', 'fdwowner', 'pg_foreign_data_wrapper')}
    union all ${ofNoSchema("'event trigger'", 'evtname', 'evtowner', 'pg_event_trigger')})
  select wanted as name,
    case when bool_and(s.owner is not null) then json_agg(distinct pg_get_userbyid(s.owner))::text end as owners,
    coalesce(bool_and(s.loose and s.owner not in ${actsAs('$3')}), false)
      and exists (select from pg_roles where rolname = $3 and not rolsuper) as strangers
  from unnest($1::text[]) wanted
    join (select name, owner, loose from spelt union all select said, owner, loose from spelt) s on s.name = wanted
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
