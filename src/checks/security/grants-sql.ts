import { userSchemas } from '../pieces.ts';
import { ofExtension } from '../sql-pieces.ts';

/** A kind of object with an access list, with the columns `kind, relation, name, classid, objid, objsubid, acl, usual`. */
const relations = (which: string): string => `
  select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialised view'
      when 'f' then 'foreign table' else 'table' end as kind,
    case when c.relkind <> 'S' then format('%I.%I', n.nspname, c.relname) else o.relation end as relation,
    case when c.relkind = 'S' then format('%I.%I', n.nspname, c.relname) end as name,
    'pg_class'::regclass as classid, c.oid as objid, 0 as objsubid,
    coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)) as acl,
    acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner) as usual
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join lateral (
      select format('%I.%I', tn.nspname, t.relname) as relation
      from pg_depend d join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
      where c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid
        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
      limit 1) o on true
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${userSchemas('n')} and ${which}`;

const grantedOrHeld = '(c.relacl is not null or c.relowner = any (array(select oid from holders)))';

const columns = (which: string): string => `
  select 'column', format('%I.%I', n.nspname, c.relname), format('%I', a.attname),
    'pg_class'::regclass, c.oid, a.attnum, a.attacl, acldefault('c', c.relowner)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where ${which} and not a.attisdropped
    and (${userSchemas('n')} or n.nspname in ('pg_catalog', 'information_schema'))`;

const functions = `
  select 'function', null, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
    'pg_proc'::regclass, p.oid, 0, coalesce(p.proacl, acldefault('f', p.proowner)), acldefault('f', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where ${userSchemas('n')}
    and (p.proacl is not null or not ${ofExtension('pg_proc', 'p.oid')})`;

/** Kinds with so few objects that all are known. A new one gives everybody the default rights. */
const types = `
  select 'type', null, format('%I.%I', n.nspname, t.typname), 'pg_type'::regclass, t.oid, 0,
    coalesce(t.typacl, acldefault('T', t.typowner)), acldefault('T', t.typowner)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
  where ${userSchemas('n')} and t.typtype in ('e', 'd', 'c', 'r', 'b') and coalesce(c.relkind = 'c', true)
    and t.typinput <> 'array_in'::regproc
  union all
  select 'language', null, format('%I', l.lanname), 'pg_language'::regclass, l.oid, 0,
    coalesce(l.lanacl, acldefault('l', l.lanowner)), acldefault('l', l.lanowner)
  from pg_language l where l.lanispl`;

/**
 * Built-in objects with explicit grants. The large objects of one owner count as one object, because applications create
 * and grant them all the time and there may be millions. A grant by one role must not hide that of another.
 */
const brought = `
  select case when c.relkind = 'v' then 'view' else 'table' end, format('%I.%I', n.nspname, c.relname), null,
    'pg_class'::regclass, c.oid, 0, c.relacl, acldefault('r', c.relowner)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relacl is not null and c.relkind in ('r', 'v') and n.nspname in ('pg_catalog', 'information_schema')
  union all
  select 'function', null, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
    'pg_proc'::regclass, p.oid, 0, p.proacl, acldefault('f', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.proacl is not null and n.nspname in ('pg_catalog', 'information_schema')
  union all
  select 'large objects', null, format(case when owner = grantor then 'of %I' else 'of %I granted by %I' end,
      pg_get_userbyid(owner), pg_get_userbyid(grantor)),
    'pg_largeobject_metadata'::regclass, 0, 0, array_agg(makeaclitem(grantee, grantor, privilege_type, is_grantable)), null
  from (select distinct l.lomowner as owner, x.grantor, x.grantee, x.privilege_type, x.is_grantable
    from pg_largeobject_metadata l cross join aclexplode(l.lomacl) x where x.grantee <> l.lomowner) granted
  group by owner, grantor`;

const others = `
  select 'schema', null, format('%I', n.nspname), 'pg_namespace'::regclass, n.oid, 0,
    coalesce(n.nspacl, acldefault('n', n.nspowner)), acldefault('n', n.nspowner)
  from pg_namespace n where ${userSchemas('n')} or n.nspname in ('pg_catalog', 'information_schema')
  union all
  select 'database', null, null, 'pg_database'::regclass, d.oid, 0,
    coalesce(d.datacl, acldefault('d', d.datdba)), acldefault('d', d.datdba)
  from pg_database d where d.datname = current_database()
  union all
  select 'foreign server', null, format('%I', s.srvname), 'pg_foreign_server'::regclass, s.oid, 0,
    coalesce(s.srvacl, acldefault('S', s.srvowner)), acldefault('S', s.srvowner)
  from pg_foreign_server s
  union all
  select 'foreign data wrapper', null, format('%I', w.fdwname), 'pg_foreign_data_wrapper'::regclass, w.oid, 0,
    coalesce(w.fdwacl, acldefault('F', w.fdwowner)), acldefault('F', w.fdwowner)
  from pg_foreign_data_wrapper w
  union all
  select 'tablespace', null, format('%I', t.spcname), 'pg_tablespace'::regclass, t.oid, 0,
    coalesce(t.spcacl, acldefault('t', t.spcowner)), acldefault('t', t.spcowner)
  from pg_tablespace t`;

/** $1: columns known from before. */
const grantedOrKnown =
  "(a.attacl is not null or format('%I.%I.%I', n.nspname, c.relname, a.attname) = any ($1::text[]))";

/**
 * Every object of users that can be granted, also those of which nothing is granted; of columns only those that are granted,
 * and those in $1.
 */
export const grantableThings = (): string =>
  [relations('true'), columns(grantedOrKnown), functions, types, others].join(' union all ');

/** Superuser-only settings that a role has been granted the right to set. */
const parameters = `
  union all
  select 'parameter', null, p.parname, 'pg_parameter_acl'::regclass, p.oid, 0, p.paracl, acldefault('p', 10)
  from pg_parameter_acl p`;

/**
 * $1: watched roles; $2: tables that phases name. Returns `held`: what each watched role, or a role that it belongs to,
 * may do with each object, apart from an extension's own grants; `through`: the roles whose grants count; `effective`:
 * everything that each watched role may do with the tables in $2, by whatever path.
 */
export const grantsQuery = (version: number): string => `
  with holders as (
    select 0::oid as oid, 'PUBLIC' as name
    union all
    select r.oid, r.rolname from pg_roles r
    where exists (select from unnest($1::text[]) w where pg_has_role(w::name, r.oid, 'member'))
  ), speaking as ( -- what is part of an extension of a superuser, which speaks for what it has granted itself
    select d.classid, d.objid from pg_depend d join pg_extension x on x.oid = d.refobjid join pg_roles w on w.oid = x.extowner
    where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and w.rolsuper
  ), things as (
    ${[relations(grantedOrHeld), columns('a.attacl is not null'), functions, types, brought, others].join(' union all ')}
    ${version >= 150_000 ? parameters : ''}
  ), alike as ( -- most lists of a database are one of a few
    select t.acl, coalesce(i.initprivs, t.usual) as usual, e.objid is not null as spoken_for,
      array_agg(t.kind) as kinds, array_agg(t.relation) as relations, array_agg(t.name) as names
    from things t
      left join speaking e on e.classid = t.classid and e.objid = t.objid
      left join pg_init_privs i on i.classoid = t.classid and i.objoid = t.objid and i.objsubid = t.objsubid
    group by 1, 2, 3
  ), held as (
    select t.kind, t.relation, t.name, coalesce(x.grantee, 'PUBLIC') as grantee, x.privileges, x.grantors
    from alike
      left join lateral (
        select h.name as grantee, string_agg(lower(g.privilege_type) || g.star, ', ' order by g.privilege_type collate "C", g.star) as privileges,
          (select json_object_agg(privilege, by) from (
            select lower(a.privilege_type) || star as privilege, json_agg(distinct pg_get_userbyid(a.grantor)) as by
            from aclexplode(alike.acl) a join (values ('', true), ('*', false)) stars (star, any_option) on any_option or a.is_grantable
            where a.grantee = h.oid group by 1) made)::text as grantors
        from holders h join (
            select grantee, privilege_type, case when bool_or(is_grantable) then '*' else '' end as star
            from aclexplode(alike.acl) group by 1, 2) g on g.grantee = h.oid
        where not alike.spoken_for or not exists (
          select from aclexplode(alike.usual) o where o.grantee = g.grantee and o.privilege_type = g.privilege_type)
        group by h.oid, h.name) x on true
      cross join lateral unnest(alike.kinds, alike.relations, alike.names) t (kind, relation, name)
    where x.grantee is not null or t.kind in ('function', 'type', 'language')
  )
  select 'held' as about, kind, relation, name, grantee, privileges, grantors from held
  union all
  select 'through', null, null, null, name, null, null from holders
  union all
  select 'effective', 'table', format('%I.%I', n.nspname, c.relname), null, w,
    (select string_agg(p, ', ') from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references',
      'trigger'${version >= 170_000 ? ", 'maintain'" : ''}]) p where has_table_privilege(w::name, c.oid, p)), null
  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join unnest($1::text[]) w
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname || '.' || c.relname = any ($2::text[])`;
