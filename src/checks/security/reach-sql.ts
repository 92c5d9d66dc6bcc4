import { openings } from './openings.ts';

/** The roles of the identities ($1), and whether the current login may become each of them. */
export const rolesQuery = (version: number): string => `
  select r.rolname as role, quote_ident(current_user) as guard,
    pg_has_role(r.oid, '${version >= 160_000 ? 'SET' : 'MEMBER'}') as may
  from pg_roles r where r.rolname = any ($1::text[])`;

/** Whether row-level security applies to a role on a table: `c` is the table, `r` the role. */
const guarded = `
  (c.relrowsecurity and not r.rolsuper and not r.rolbypassrls
    and (c.relforcerowsecurity or not pg_has_role(r.oid, c.relowner, 'usage')))`;

const mayWrite = (privilege: string, letter: string, bit: number): string => `
  case
    when not has_schema_privilege(r.oid, n.oid, 'usage') then 'denied'
    when not ${
      privilege === 'delete'
        ? `has_table_privilege(r.oid, c.oid, 'delete')`
        : `has_any_column_privilege(r.oid, c.oid, '${privilege}')`
    } then 'denied'
    when pg_relation_is_updatable(c.oid, true) & ${bit} = 0 then 'denied'
    when not ${guarded} then 'open'
    when own.lets ~ '[*${letter}]' then 'by policy'
    else 'denied' end`;

/**
 * For each role ($1) and each table or view of the schemas ($2) or of the named tables ($3): whether the role may read
 * it, what it may write, and a hash of what decides this. The hash covers everything that decides about rows, including
 * the tables that a view reads and the functions that policies call, so a changed function counts as a change. Stored
 * expressions name tables by oid, so a renamed table does not.
 */
export const tablesQuery = `
  with recursive roles as (select * from pg_roles where rolname = any ($1::text[])),
  listed as (
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and case when cardinality($3::text[]) = 0 then n.nspname = any ($2::text[])
        else n.nspname || '.' || c.relname = any ($3::text[]) end
  ),
  reads as (
    select oid as top, oid as relid from listed
    union
    select reads.top, d.refobjid
    from reads join pg_rewrite w on w.ev_class = reads.relid
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> reads.relid
  ),
  mine as (
    select r.oid as role, p.polrelid as relid, p.polcmd, p.polpermissive,
      concat_ws('|', p.polcmd, p.polpermissive, p.polqual::text, p.polwithcheck::text,
        (select string_agg(concat_ws('|', f.prosrc, f.prosqlbody::text, f.prosecdef, f.proconfig, f.proowner), '|' order by f.oid)
         from pg_depend d join pg_proc f on f.oid = d.refobjid
         where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass)) as says
    from pg_policy p cross join roles r
    where p.polrelid in (select relid from reads)
      and exists (select from unnest(p.polroles) o where o = 0 or pg_has_role(r.oid, o, 'usage'))
  ),
  policies as materialized (
    select role, relid, string_agg(says, '|' order by says) as says,
      string_agg(polcmd, '') filter (where polpermissive) as lets
    from mine group by 1, 2
  ),
  rests as materialized (
    select reads.top, r.oid as role, string_agg(concat_ws('|', c.relrowsecurity, ${guarded},
      (select concat_ws('|', w.ev_action::text, c.relowner, c.reloptions) from pg_rewrite w
       where w.ev_class = c.oid and w.rulename = '_RETURN'),
      p.says), '|' order by c.oid) as rests
    from reads join pg_class c on c.oid = reads.relid cross join roles r
      left join policies p on p.role = r.oid and p.relid = c.oid
    group by 1, 2
  ),
  bases as materialized (
    select reads.top, json_agg(format('%I.%I', n.nspname, c.relname)) as bases
    from reads join pg_class c on c.oid = reads.relid join pg_namespace n on n.oid = c.relnamespace
    where reads.top <> reads.relid group by 1
  )
  select c.oid, n.nspname as schema, c.relname as table, format('%I.%I', n.nspname, c.relname) as relation,
    case c.relkind when 'v' then 'view' when 'm' then 'materialised view' when 'f' then 'foreign table' else 'table' end as kind,
    r.rolname as role, pg_get_userbyid(c.relowner) as owner,
    has_schema_privilege(r.oid, n.oid, 'usage') and has_any_column_privilege(r.oid, c.oid, 'select') as may_read,
    case when c.relkind <> 'v' then ${guarded} else true end as guarded,
    ${mayWrite('insert', 'a', 8)} as insert, ${mayWrite('update', 'w', 4)} as update, ${mayWrite('delete', 'd', 16)} as delete,
    left(encode(sha256(convert_to(rests.rests, 'UTF8')), 'hex'), 16) as rests, bases.bases,
    ${openings('(select r.oid)')} as opened_by
  from listed join pg_class c on c.oid = listed.oid join pg_namespace n on n.oid = c.relnamespace cross join roles r
    left join policies own on own.role = r.oid and own.relid = c.oid
    left join rests on rests.top = c.oid and rests.role = r.oid left join bases on bases.top = c.oid
  order by 1, 2, r.rolname`;
