/** SQL: the memberships that PostgreSQL stores nowhere: the owner of the database is a member of pg_database_owner. */
const ofDatabaseOwner = `
    select d.datdba as member, o.oid as roleid from pg_database d join pg_roles o on o.rolname = 'pg_database_owner'
    where d.datname = current_database()`;

/** SQL: whether a role with CREATEROLE may give away every role but a superuser. Since 16, only those that it administers. */
const givesAll = `current_setting('server_version_num')::int < 160000`;

/**
 * SQL subquery: the oids of the roles that the named role can act as, including itself. A superuser can act as every
 * role; the subquery does not list those. It counts only memberships that a role administrator or the role itself
 * granted. On PostgreSQL 14 every login can grant itself to another role, and on later versions anyone with the admin
 * option on a role can do so. If we counted those grants, a stranger's actions would look like the phases' work. Since
 * 16, a role with CREATEROLE is an administrator only of the roles on which it has the admin option.
 */
export const actsAs = (role: string): string => `(
  with recursive self as (select oid from pg_roles where rolname = ${role}),
  step (member, roleid) as (
    select m.member, m.roleid from pg_auth_members m
    where not exists (
      select from pg_roles g
      where g.oid = m.grantor and not g.rolsuper and g.oid not in (select oid from self)
        and not (g.rolcreaterole and (${givesAll} or exists (
          select from pg_auth_members a where a.roleid = m.member and a.member = g.oid and a.admin_option))))
    union all ${ofDatabaseOwner}),
  acts (oid) as (
    select oid from self
    union
    select step.roleid from acts join step on step.member = acts.oid)
  select oid from acts)`;

/**
 * SQL subquery: those of the roles that only the named role can act as. Nobody else who may log in is a member of them, at
 * any distance and with whatever options, or can make itself one. Superusers and the roles of `guards` (SQL, an array of
 * names) do not count: what they do cannot be told from what others do.
 */
export const onlyActsAs = (role: string, guards: string): string => `(
  with recursive self as (select oid, rolsuper from pg_roles where rolname = ${role}),
  theirs as materialized (
    select oid from ${actsAs(role)} a (oid)
    union
    select r.oid from pg_roles r cross join self where self.rolsuper),
  step (member, roleid) as materialized (
    select m.member, m.roleid from pg_auth_members m
    where not exists (select from pg_roles s where s.oid = m.roleid and s.rolsuper)
    union all ${ofDatabaseOwner}
    union all
    select c.oid, t.oid from pg_roles c cross join theirs t join pg_roles r on r.oid = t.oid
    where c.rolcreaterole and not r.rolsuper and ${givesAll}),
  below (top, oid) as (
    select oid, oid from theirs
    union
    select below.top, step.member from below join step on step.roleid = below.oid)
  select oid from theirs
  where not exists (
    select from below join pg_roles s on s.oid = below.oid
    where below.top = theirs.oid and s.rolcanlogin and not s.rolsuper
      and s.oid not in (select oid from self) and s.rolname <> all (${guards})))`;

/** SQL: a hash of all memberships of the server, which PostgreSQL computes once for a statement. */
export const membershipsNow = `(
  select concat_ws(' ', count(*), sum(hashtextextended(concat_ws(' ', m.roleid, m.member, m.grantor, m.xmin), 0)))
  from pg_auth_members m)`;
