import { aggregate, range, schemaObjects } from '../checks/schema-objects.ts';
import { access, hashed, ofAnother, ofExtension, owner } from '../checks/sql-pieces.ts';
import { printed } from './printed.ts';
import { grantedTo, numberOf } from './schema-doubt.ts';

/** Every object that does not belong to one relation, in the columns that schema-doubt.ts lists. */

/** The columns from the owner on, of an object with an access list of its own, or of one without. */
const itself = (catalogue: string, oid: string, ownedBy: string, acl?: string): string =>
  `${ownedBy}, ${numberOf(catalogue)}, ${oid}, 0, null::oid, ${acl === undefined ? 'false' : grantedTo(acl, ownedBy)}`;

const schemas = `
select format('schema %I', s.nspname),
  ${owner('s.nspowner')}, '; ' || ${access('s.nspacl', `'n'`, 's.nspowner')},
  ${itself('pg_namespace', 's.oid', 's.nspowner', 's.nspacl')}, false
from space s where not ${ofExtension('pg_namespace', 's.oid')}`;

const functions = `
select format('%s %I.%I(%s)', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
    s.nspname, p.proname, oidvectortypes(p.proargtypes)),
  ${printed(
    'p.oid',
    'p.proowner',
    `concat_ws('; ', ${hashed(`case p.prokind when 'a' then ${aggregate('p.oid')} else pg_get_functiondef(p.oid) end`)},
    ${owner('p.proowner')})`,
  )}, '; ' || ${access('p.proacl', `'f'`, 'p.proowner')},
  ${itself('pg_proc', 'p.oid', 'p.proowner', 'p.proacl')}, false
from space s join pg_proc p on p.pronamespace = s.oid
where not ${ofAnother('pg_proc', 'p.oid')}`;

/** What others can take from a type: an attribute, or a constraint of a domain. */
const partOfType = `exists (
    select from takeable f left join pg_constraint k on k.oid = f.objid and k.contypid = t.oid
    where f.classid = ${numberOf('pg_class')} and f.objid = t.typrelid
      or f.classid = ${numberOf('pg_constraint')} and k.oid is not null)`;

/** Leaves out the row types of tables, the array type of each type and the multirange of each range. */
const types = `
select format('%s %I.%I', case t.typtype when 'e' then 'enum' when 'd' then 'domain' else 'type' end,
    s.nspname, t.typname),
  ${printed(
    't.oid',
    't.typowner',
    `concat_ws('; ', ${owner('t.typowner')},
    (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
     from pg_enum e where e.enumtypid = t.oid),
    case t.typtype when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
      case when t.typnotnull then 'not null' end, 'default ' || t.typdefault,
      'collate ' || nullif(t.typcollation, 0)::regcollation) end,
    (select string_agg(format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), ', ' order by k.conname)
     from pg_constraint k where k.contypid = t.oid and k.contype = 'c'),
    (select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
       nullif(a.attcollation, 0)::regcollation), ', ' order by a.attnum)
     from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
    'range of ' || case t.typtype when 'r' then ${range('t.oid')} end)`,
  )}, '; ' || ${access('t.typacl', `'T'`, 't.typowner')}, ${itself('pg_type', 't.oid', 't.typowner', 't.typacl')},
  ${partOfType}
from space s join pg_type t on t.typnamespace = s.oid left join pg_class c on c.oid = t.typrelid
where t.typtype <> 'm' and coalesce(c.relkind = 'c', true)
  and not exists (select from pg_type e where e.typarray = t.oid) and not ${ofExtension('pg_type', 't.oid')}`;

const extensions = `
select format('extension %I', e.extname), format('version %s in %I', e.extversion, n.nspname), null,
  ${itself('pg_extension', 'e.oid', 'e.extowner')}, false
from pg_extension e join pg_namespace n on n.oid = e.extnamespace`;

/** A role that drops what it owns also takes itself out of others' default privileges. They may then be gone. */
const defaultPrivileges = `
select concat_ws(' ', 'default privileges of', quote_ident(pg_get_userbyid(a.defaclrole)), 'for',
    case a.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
      when 'n' then 'schemas' else a.defaclobjtype::text end, 'in ' || quote_ident(n.nspname)),
  '', ${access('a.defaclacl', `'r'`, 'a.defaclrole')}, ${itself('pg_default_acl', 'a.oid', 'a.defaclrole')},
  ${grantedTo('a.defaclacl', 'a.defaclrole')}
from pg_default_acl a left join pg_namespace n on n.oid = a.defaclnamespace`;

const eventTriggers = `
select format('event trigger %I', e.evtname),
  concat_ws('; ', ${owner('e.evtowner')}, e.evtevent, e.evtfoid::regprocedure::text, array_to_string(e.evttags, ', '),
    case when e.evtenabled <> 'O' then 'enabled ' || e.evtenabled::text end), null,
  ${itself('pg_event_trigger', 'e.oid', 'e.evtowner')}, false
from pg_event_trigger e where not ${ofExtension('pg_event_trigger', 'e.oid')}`;

/** The published columns and row filter of a table. PostgreSQL 14 has no such columns in its catalog. */
const filters = `nullif((to_jsonb(t) - '{pubname,schemaname,tablename}'::text[])::text, '{}')`;

const publications = `
select format('publication %I', p.pubname),
  ${printed(
    'p.oid',
    'p.pubowner',
    `concat_ws('; ', ${owner('p.pubowner')}, case when p.puballtables then 'all tables' end,
    concat_ws(' ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
      case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
    (select string_agg(concat(format('%I.%I', t.schemaname, t.tablename), ' ' || ${filters}), ', '
      order by t.schemaname collate "C", t.tablename collate "C")
     from pg_publication_tables t where t.pubname = p.pubname and not p.puballtables))`,
  )}, null,
  ${itself('pg_publication', 'p.oid', 'p.pubowner')}, exists (
    select from pg_publication_rel x join takeable f on (f.classid, f.objid) = (${numberOf('pg_class')}, x.prrelid)
    where x.prpubid = p.oid)
from pg_publication p`;

/** Foreign wrappers, servers and mappings. Their options may contain a secret. */
const foreign = `
select format('foreign data wrapper %I', w.fdwname), concat_ws('; ', ${owner('w.fdwowner')}, w.fdwhandler::regprocedure,
  w.fdwvalidator::regprocedure, ${hashed('w.fdwoptions::text')}), '; ' || ${access('w.fdwacl', `'F'`, 'w.fdwowner')},
  ${itself('pg_foreign_data_wrapper', 'w.oid', 'w.fdwowner', 'w.fdwacl')}, false
from pg_foreign_data_wrapper w where not ${ofExtension('pg_foreign_data_wrapper', 'w.oid')}
union all
select format('foreign server %I', f.srvname), concat_ws('; ', ${owner('f.srvowner')},
  (select quote_ident(w.fdwname) from pg_foreign_data_wrapper w where w.oid = f.srvfdw), f.srvtype, f.srvversion,
  ${hashed('f.srvoptions::text')}), '; ' || ${access('f.srvacl', `'S'`, 'f.srvowner')},
  ${itself('pg_foreign_server', 'f.oid', 'f.srvowner', 'f.srvacl')}, false
from pg_foreign_server f where not ${ofExtension('pg_foreign_server', 'f.oid')}`;

const objects = `
select format('%s %s', o.kind, o.name), o.definition, null,
  (select oid from pg_roles where rolname = o.maker), o.classid, o.objid, 0, null::oid, false, false
from (${schemaObjects}) o`;

export const otherParts = [
  schemas,
  functions,
  types,
  extensions,
  defaultPrivileges,
  eventTriggers,
  publications,
  foreign,
  objects,
] as const;
