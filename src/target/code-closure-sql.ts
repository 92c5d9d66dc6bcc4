import { firstOfUsers, trustedRoles } from './code-fingerprint-sql.ts';

/** The part of a `with` clause with the roles whose code may run. */
export const trusted = (names: string): string => `trusted as materialized ${trustedRoles(names)}`;

/**
 * SQL: the types that a stored expression, of type text, returns from JSON query functions (17 and later). PostgreSQL
 * records no dependency on them (find_expr_references_walker in dependency.c).
 */
const jsonTypes = (tree: string): string => `
  select m[1]::oid as type
  from (select ${tree} as text offset 0) tree cross join lateral regexp_matches(tree.text, ':typid (\\d+)', 'g') m
  where current_setting('server_version_num')::int >= 170000 and tree.text like '%{JSONEXPR%'
    and m[1]::oid >= ${firstOfUsers}`;

/**
 * The same for every part. Others' expressions stay unread, because anybody can store hundreds of megabytes of them;
 * `offset 0` keeps the planner from searching a whole catalog first.
 */
const jsonTrees = `
  json (classid, objid, type) as materialized (
    select distinct p.classid, p.objid, found.type
    from (select distinct classid, objid from part) p cross join lateral (
      select ev_action::text as text from pg_rewrite where p.classid = 'pg_rewrite'::regclass and oid = p.objid
      union all
      select concat(polqual::text, polwithcheck::text) from pg_policy
      where p.classid = 'pg_policy'::regclass and oid = p.objid
      union all
      select concat(indexprs::text, indpred::text) from pg_index
      where p.classid = 'pg_class'::regclass and indexrelid = p.objid
      union all
      select partexprs::text from pg_partitioned_table where p.classid = 'pg_class'::regclass and partrelid = p.objid
      union all
      select conbin::text from pg_constraint where p.classid = 'pg_constraint'::regclass and oid = p.objid
      union all
      select adbin::text from pg_attrdef where p.classid = 'pg_attrdef'::regclass and oid = p.objid
      union all
      select stxexprs::text from pg_statistic_ext where p.classid = 'pg_statistic_ext'::regclass and oid = p.objid
      offset 0) stored cross join lateral (${jsonTypes('stored.text')}) found
  )`;

/**
 * The relations that are read together with the named ones (partitions, children, and everything that views and
 * policies read), the objects of each that contain an expression, and the types of all of these.
 */
export const closure = `
  with recursive
  ${trusted('$5')},
  place as materialized (select oid from pg_namespace where nspname = any ($4::name[])),
  held (held) as materialized (
    select $6::bool or $7::name is not null
      and not exists (select from pg_roles where rolname = $7::name and (rolsuper or rolbypassrls))),
  rel (oid, top, reader) as (
    select c.oid, c.oid, held from pg_class c, held where c.oid = any ($1::oid[])
    union
    select c.oid, c.oid, held from pg_class c, held
    where c.relname = any ($2::name[]) and c.relnamespace in (select oid from place)
    union
    select x.oid, rel.top, x.reader from rel cross join lateral (
      select i.inhrelid as oid, rel.reader from pg_inherits i where i.inhparent = rel.oid
      union all
      select d.refobjid, true
      from pg_class v join pg_rewrite w on w.ev_class = v.oid
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid <> w.ev_class
      where v.oid = rel.oid and v.relkind = 'v'
      union all
      select d.refobjid, true
      from pg_policy l join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = l.oid
          and d.refclassid = 'pg_class'::regclass and d.refobjid <> l.polrelid
      where l.polrelid = rel.oid and rel.reader) x
  ),
  part (top, relid, classid, objid) as materialized (
    select top, oid, 'pg_class'::regclass::oid, oid from rel
    union
    select rel.top, rel.oid, 'pg_class'::regclass, i.indexrelid from rel join pg_index i on i.indrelid = rel.oid
    union
    select rel.top, rel.oid, 'pg_statistic_ext'::regclass, s.oid
    from rel join pg_statistic_ext s on s.stxrelid = rel.oid
    union
    select rel.top, rel.oid, 'pg_constraint'::regclass, k.oid
    from rel join pg_constraint k on k.conrelid = rel.oid and k.contype in ('c', 'f', 'x')
    union
    select rel.top, rel.oid, 'pg_attrdef'::regclass, f.oid
    from rel join pg_attrdef f on f.adrelid = rel.oid
      join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum and a.attgenerated <> ''
    union
    select rel.top, rel.oid, 'pg_policy'::regclass, p.oid from rel join pg_policy p on p.polrelid = rel.oid and rel.reader
    union
    select rel.top, rel.oid, 'pg_rewrite'::regclass, w.oid
    from rel join pg_class v on v.oid = rel.oid and v.relkind = 'v' join pg_rewrite w on w.ev_class = v.oid
  ),
  ${jsonTrees},
  typ (top, oid) as (
    select rel.top, c.reltype from rel join pg_class c on c.oid = rel.oid and c.reltype >= ${firstOfUsers}
    union
    select p.top, d.refobjid from part p
      join pg_depend d on d.classid = p.classid and d.objid = p.objid and d.refclassid = 'pg_type'::regclass
    union
    select p.top, json.type from part p join json on json.classid = p.classid and json.objid = p.objid
    union
    select t.oid, t.oid from pg_type t
    where t.oid >= ${firstOfUsers} and t.typname = any ($2::name[]) and t.typnamespace in (select oid from place)
      and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')
    union
    select typ.top, x.oid from typ join pg_type t on t.oid = typ.oid cross join lateral (
      select t.typbasetype as oid union all select t.typelem union all select t.typarray
      union all
      select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0
      union all
      select found.type from pg_constraint k cross join lateral (${jsonTypes('k.conbin::text')}) found
      where k.contypid = t.oid
      union all
      select f.oid from pg_range g cross join lateral (values (g.rngtypid), (g.rngsubtype), (g.rngmultitypid)) f (oid)
      where t.oid in (g.rngtypid, g.rngmultitypid)) x
    where x.oid >= ${firstOfUsers}
  )`;

/** What those objects refer to, and the functions in it. */
export const referred = `
  ref as materialized (
    select p.top, p.classid, p.objid, d.refclassid, d.refobjid
    from part p join pg_depend d on d.classid = p.classid and d.objid = p.objid
  ),
  -- Includes negators and commutators, which the planner calls or substitutes. Built-in operators lead only to built-in
  -- ones.
  operator (top, classid, objid, oper) as (
    select top, classid, objid, refobjid from ref
    where refclassid = 'pg_operator'::regclass and refobjid >= ${firstOfUsers}
    union
    select ref.top, ref.classid, ref.objid, m.amopopr
    from ref join pg_opclass c on c.oid = ref.refobjid join pg_amop m on m.amopfamily = c.opcfamily
    where ref.refclassid = 'pg_opclass'::regclass and m.amopopr >= ${firstOfUsers}
    union
    select typ.top, 'pg_operator'::regclass, o.oid, o.oid from typ join pg_operator o on o.oprleft = typ.oid
    union
    select typ.top, 'pg_operator'::regclass, o.oid, o.oid from typ join pg_operator o on o.oprright = typ.oid
    union
    select o.oid, 'pg_operator'::regclass, o.oid, o.oid from pg_operator o
    where o.oid >= ${firstOfUsers} and o.oprname = any ($3::name[]) and o.oprnamespace in (select oid from place)
    union
    select p.top, p.classid, p.objid, f.oid
    from operator p join pg_operator o on o.oid = p.oper cross join lateral (values (o.oprnegate), (o.oprcom)) f (oid)
    where f.oid >= ${firstOfUsers}
  ),
  code (top, classid, objid, proc) as (
    select top, classid, objid, refobjid from ref where refclassid = 'pg_proc'::regclass
    union all
    select p.top, p.classid, p.objid, f.proc
    from operator p join pg_operator o on o.oid = p.oper
      cross join lateral (values (o.oprcode::oid), (o.oprrest::oid), (o.oprjoin::oid)) f (proc)
    union all
    select ref.top, ref.classid, ref.objid, p.amproc::oid
    from ref join pg_opclass c on c.oid = ref.refobjid join pg_amproc p on p.amprocfamily = c.opcfamily
    where ref.refclassid = 'pg_opclass'::regclass
    union all
    select typ.top, 'pg_type'::regclass, typ.oid, f.proc
    from typ join pg_type t on t.oid = typ.oid left join pg_range g on g.rngtypid = t.oid
      cross join lateral (values (t.typinput::oid), (t.typoutput), (t.typreceive), (t.typsend), (t.typmodin),
        (t.typmodout), (t.typanalyze), (g.rngcanonical), (g.rngsubdiff)) f (proc)
    union all
    select typ.top, 'pg_cast'::regclass, k.oid, k.castfunc from typ join pg_cast k on k.castsource = typ.oid
    union all
    select typ.top, 'pg_cast'::regclass, k.oid, k.castfunc from typ join pg_cast k on k.casttarget = typ.oid
    union all
    select typ.top, 'pg_constraint'::regclass, k.oid, d.refobjid
    from typ join pg_constraint k on k.contypid = typ.oid
      join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid and d.refclassid = 'pg_proc'::regclass
    union all
    select p.oid, 'pg_proc'::regclass, p.oid, p.oid from pg_proc p
    where p.oid >= ${firstOfUsers} and p.proname = any ($2::name[]) and p.pronamespace in (select oid from place)
  )`;
