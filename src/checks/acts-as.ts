/**
 * SQL: the roles as which the one of this name can act, itself among them, as a subquery of their numbers; a superuser can act
 * as everybody, which it does not say. Only memberships count that were granted by who administers roles, or by that role: on
 * PostgreSQL 14 every login may grant itself to another role, and later whoever has the admin option of a role may, so that what
 * such a stranger does would be taken for the phases' doing.
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
