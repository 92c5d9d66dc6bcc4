import { access, hashed, ofAnother, ofExtension, owner, settled } from '../checks/sql-pieces.ts';

/** Everything that does not belong to one relation, as (object, definition). */

const schemas = `
select format('schema %I', s.nspname),
  concat_ws('; ', ${owner('s.nspowner')}, ${access('s.nspacl', `'n'`, 's.nspowner')})
from space s where ${settled} and not ${ofExtension('pg_namespace', 's.oid')}`;

const aggregate = `(
  select concat_ws(' ', a.aggkind, a.aggtransfn, a.aggtranstype::regtype, a.agginitval, a.aggfinalfn, a.aggcombinefn,
    p.proparallel) from pg_aggregate a where a.aggfnoid = p.oid)`;

const functions = `
select format('%s %I.%I(%s)', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
    s.nspname, p.proname, oidvectortypes(p.proargtypes)),
  concat_ws('; ', ${hashed(`case p.prokind when 'a' then ${aggregate} else pg_get_functiondef(p.oid) end`)},
    ${owner('p.proowner')}, ${access('p.proacl', `'f'`, 'p.proowner')})
from space s join pg_proc p on p.pronamespace = s.oid
where ${settled} and not ${ofAnother('pg_proc', 'p.oid')}`;

/** The row types of tables, the array type beside each type and the multirange beside each range are no objects. */
const types = `
select format('%s %I.%I', case t.typtype when 'e' then 'enum' when 'd' then 'domain' else 'type' end,
    s.nspname, t.typname),
  concat_ws('; ', ${owner('t.typowner')},
    (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
     from pg_enum e where e.enumtypid = t.oid),
    case t.typtype when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
      case when t.typnotnull then 'not null' end, 'default ' || t.typdefault) end,
    (select string_agg(format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), ', ' order by k.conname)
     from pg_constraint k where k.contypid = t.oid and k.contype = 'c'),
    (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
     from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
    (select 'range of ' || format_type(g.rngsubtype, null) from pg_range g where g.rngtypid = t.oid),
    ${access('t.typacl', `'T'`, 't.typowner')})
from space s join pg_type t on t.typnamespace = s.oid left join pg_class c on c.oid = t.typrelid
where ${settled} and t.typtype <> 'm' and coalesce(c.relkind = 'c', true)
  and not exists (select from pg_type e where e.typarray = t.oid) and not ${ofExtension('pg_type', 't.oid')}`;

const extensions = `
select format('extension %I', e.extname), format('version %s in %I', e.extversion, n.nspname)
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where ${settled}`;

const defaultPrivileges = `
select concat_ws(' ', 'default privileges of', quote_ident(pg_get_userbyid(a.defaclrole)), 'for',
    case a.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
      when 'n' then 'schemas' else a.defaclobjtype::text end, 'in ' || quote_ident(n.nspname)),
  ${access('a.defaclacl', `'r'`, 'a.defaclrole')}
from pg_default_acl a left join pg_namespace n on n.oid = a.defaclnamespace
where ${settled}`;

const eventTriggers = `
select format('event trigger %I', e.evtname),
  concat_ws('; ', ${owner('e.evtowner')}, e.evtevent, e.evtfoid::regprocedure::text, array_to_string(e.evttags, ', '),
    case when e.evtenabled <> 'O' then 'enabled ' || e.evtenabled::text end)
from pg_event_trigger e where ${settled} and not ${ofExtension('pg_event_trigger', 'e.oid')}`;

const publications = `
select format('publication %I', p.pubname),
  concat_ws('; ', ${owner('p.pubowner')}, case when p.puballtables then 'all tables' end,
    concat_ws(' ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
      case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
    (select string_agg(format('%I.%I', t.schemaname, t.tablename), ', '
      order by t.schemaname collate "C", t.tablename collate "C")
     from pg_publication_tables t where t.pubname = p.pubname and not p.puballtables))
from pg_publication p where ${settled}`;

export const otherParts = [
  schemas,
  functions,
  types,
  extensions,
  defaultPrivileges,
  eventTriggers,
  publications,
] as const;
