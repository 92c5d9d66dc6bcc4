import { firstOfUsers } from './sql-pieces.ts';

/**
 * Which other roles can take an object away. The owner of an object can drop it, and `cascade` also drops everything
 * that depends on it, whoever owns that. PostgreSQL manual, "Dependency Tracking" and "pg_depend".
 */

/** Catalogs whose objects have an owner, each with the column that names the owner. */
const withOwner: readonly (readonly [catalogue: string, owner: string])[] = [
  ['pg_class', 'relowner'],
  ['pg_type', 'typowner'],
  ['pg_proc', 'proowner'],
  ['pg_namespace', 'nspowner'],
  ['pg_operator', 'oprowner'],
  ['pg_opclass', 'opcowner'],
  ['pg_opfamily', 'opfowner'],
  ['pg_collation', 'collowner'],
  ['pg_ts_config', 'cfgowner'],
  ['pg_ts_dict', 'dictowner'],
  ['pg_foreign_server', 'srvowner'],
  ['pg_foreign_data_wrapper', 'fdwowner'],
  ['pg_extension', 'extowner'],
  ['pg_language', 'lanowner'],
];

/** Catalogs of objects that belong to a relation and have no owner of their own. */
const parts = ['pg_attrdef', 'pg_constraint', 'pg_trigger', 'pg_rewrite', 'pg_policy'];

const numbers = (catalogues: readonly string[]): string =>
  catalogues.map((catalogue) => `'${catalogue}'::regclass`).join(', ');

/** Objects whose owner is not the most frequent one. They are few, so the walk need not start at every object. */
const beside = withOwner
  .map(
    ([catalogue, owner]) => `select '${catalogue}'::regclass::oid, oid, ${owner} from ${catalogue}
    where ${owner} <> (select oid from most)${catalogue === 'pg_namespace' ? '' : ` and oid >= ${firstOfUsers}`}`,
  )
  .join('\n    union all\n    ');

/**
 * SQL, to follow `with recursive`. `taken` has the `classid, objid, objsubid` of each object that a role other than its
 * owner can take away, and `takers` has the names of those roles as JSON. It leaves out superusers and roles that own a
 * schema because they own the database: both are trusted. A walk starts where the owner changes between an object and
 * one that depends on it, because an owner can drop its own objects anyway. When a relation takes its parts with it,
 * only the relation is listed.
 */
export const taken = `
  most as materialized (
    select coalesce((
      select relowner from pg_class where oid >= ${firstOfUsers} group by 1 order by count(*) desc limit 1), 0) as oid),
  stranger as materialized (
    select oid from pg_roles where not rolsuper and rolname <> 'pg_database_owner'),
  beside (classid, objid, owner) as materialized (
    ${beside}),
  within (classid, objid, owner) as materialized (
    select * from beside
    union
    select d.classid, d.objid, b.owner
    from beside b join pg_depend d on (d.refclassid, d.refobjid) = (b.classid, b.objid)
    where b.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.classid in (${numbers(parts)})),
  falling (classid, objid, objsubid, taker) as (
    (select d.classid, d.objid, d.objsubid, b.owner
     from beside b join stranger s on s.oid = b.owner
       join pg_depend d on (d.refclassid, d.refobjid) = (b.classid, b.objid)
     where not exists (
       select from within w where (w.classid, w.objid) = (d.classid, d.objid) and w.owner = b.owner)
     union all
     select d.classid, d.objid, d.objsubid, m.oid
     from most m join stranger s on s.oid = m.oid cross join within w
       join pg_depend d on (d.classid, d.objid) = (w.classid, w.objid)
     where d.refclassid in (${numbers([...withOwner.map(([catalogue]) => catalogue), ...parts])})
       and (d.refobjid >= ${firstOfUsers} or d.refclassid = 'pg_namespace'::regclass)
       and not exists (select from within b where (b.classid, b.objid) = (d.refclassid, d.refobjid)))
    union
    select next.classid, next.objid, next.objsubid, f.taker from falling f cross join lateral (
      select d.classid, d.objid, d.objsubid from pg_depend d
      where d.refclassid = f.classid and d.refobjid = f.objid and (f.objsubid = 0 or d.refobjsubid = f.objsubid)
        and not (f.classid = 'pg_class'::regclass and f.objsubid = 0 and d.deptype in ('a', 'i') and d.classid <> 'pg_class'::regclass)
      union all
      -- An internal part of another object, such as a view's rule, takes that object with it.
      select d.refclassid, d.refobjid, d.refobjsubid from pg_depend d
      where d.classid = f.classid and d.objid = f.objid and d.deptype = 'i') next),
  taken as materialized (
    select classid, objid, objsubid, json_agg(distinct pg_get_userbyid(taker)) as takers from (
      select * from falling
      union all
      select 'pg_class'::regclass::oid, d.adrelid, d.adnum, f.taker from falling f join pg_attrdef d on d.oid = f.objid
      where f.classid = 'pg_attrdef'::regclass) found
    group by 1, 2, 3)`;
