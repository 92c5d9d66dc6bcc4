import type { Fault } from '../../core/evidence/finding.ts';
import { membershipsNow } from '../../target/acts-as.ts';
import type { Cells } from '../check.ts';

/** Superusers, and roles that own a schema because they own the database. What they opened counts as open for good. */
const trusted = (role: string): string => `exists (
      select from pg_roles t where t.oid = ${role} and (t.rolsuper or t.rolname = 'pg_database_owner'))`;

/** SQL: the access lists of relation `c` and of its columns. */
const relationAccess = `
    select own.grantee, own.grantor from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) own
    union all
    select of_column.grantee, of_column.grantor from pg_attribute granted cross join lateral aclexplode(granted.attacl) of_column
    where granted.attrelid = c.oid and not granted.attisdropped`;

/** SQL: who granted the usage of schema `n` to whom. */
const usage = `
    select g.grantee, g.grantor from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) g
    where g.privilege_type = 'USAGE'`;

/**
 * SQL: the grants that together give some roles access, apart from the object's owner, as JSON with `by`: one entry each
 * for the grant on the object, the schema `n` (its owner), its usage, and a membership through which the role gets
 * them, with the grantors of each. All of them are needed. Null if no grant on the object gives the access: it comes
 * from a predefined role or an attribute. A trusted role's schema, and the usage that it granted, are left out. `who` is
 * a subquery of the roles' oids; `access` gives `grantee` and `grantor`. A grant by the owner counts as the owner's,
 * whoever issued it for them. The JSON also has `memberships`, a text that changes with any of them.
 */
export const openings = (who: string, access: string = relationAccess): string => {
  const theirs = (role: string) => `exists (select from ${who} w (oid) where pg_has_role(w.oid, ${role}, 'usage'))`;
  const direct = (list: string) => `exists (select from (${list}) x where x.grantee = 0 or x.grantee in ${who})`;
  return `(
  select json_build_object('by', json_agg(grantors), 'memberships', ${membershipsNow})::text from (values (true, (
    select json_agg(distinct pg_get_userbyid(x.grantor)) from (${access}) x where x.grantee = 0 or ${theirs('x.grantee')}
  )), (false, case when not ${trusted('n.nspowner')} then json_build_array(pg_get_userbyid(n.nspowner)) end
  ), (false, case when not ${trusted('n.nspowner')} then (
    select json_agg(distinct pg_get_userbyid(u.grantor)) from (${usage}) u
    where u.grantee = 0 or ${theirs('u.grantee')}
    having not bool_or(${trusted('u.grantor')})) end
  ), (false, case when not ${direct(access)} or not ${direct(usage)} then (
    select json_agg(distinct pg_get_userbyid(m.grantor)) from pg_auth_members m
    where exists (select from ${who} w (oid) where pg_has_role(w.oid, m.member, 'member'))
      and exists (
        select from (${access} union all ${usage}) x where x.grantee <> 0 and pg_has_role(m.roleid, x.grantee, 'member'))
    ) end)) links (needed, grantors)
  where grantors is not null having bool_or(needed))`;
};

/** The grants behind an access, read from a row: a list of grantors for each part. */
export function openedBy({ opened_by: said }: Cells): Pick<Fault, 'openedBy' | 'memberships'> {
  if (said === null || said === undefined) return {};
  const { by, memberships } = JSON.parse(said) as {
    readonly by: NonNullable<Fault['openedBy']>;
    readonly memberships: string;
  };
  return { openedBy: by, memberships };
}
