/**
 * SQL subquery: the oids of the roles that the named role can act as, including itself. A superuser can act as every
 * role; the subquery does not list those. It counts only memberships that a role administrator or the role itself
 * granted. On PostgreSQL 14 every login can grant itself to another role, and on later versions anyone with the admin
 * option on a role can do so. If we counted those grants, a stranger's actions would look like the phases' work.
 */
export const actsAs = (role: string): string => `(
  with recursive self as (select oid from pg_roles where rolname = ${role}),
  step (member, roleid) as (
    select m.member, m.roleid from pg_auth_members m
    where not exists (
      select from pg_roles g
      where g.oid = m.grantor and not g.rolsuper and not g.rolcreaterole and g.oid not in (select oid from self))
    union all
    select d.datdba, o.oid from pg_database d join pg_roles o on o.rolname = 'pg_database_owner'
    where d.datname = current_database()),
  acts (oid) as (
    select oid from self
    union
    select step.roleid from acts join step on step.member = acts.oid)
  select oid from acts)`;
