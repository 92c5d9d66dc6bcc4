/**
 * What tells whether somebody other than the phases' role can have changed an object. Each part of the snapshot has these
 * columns: object, definition without its access list, access list with what separates the two, owner; catalogue, oid
 * and column of the object, and the relation that it is a part of; whether the access list names a role other than the
 * owner, and whether others can change or drop the object for a reason of its own.
 */

export const columns = 'object, own, access, owner, classid, objid, objsubid, relid, granted, doubtful';

export const numberOf = (catalogue: string): string => `'${catalogue}'::regclass::oid`;

/**
 * SQL: whether the access list names a role other than the owner. That role may be able to hand on what it was granted, and
 * the list changes if the role is renamed. `everyone`: a grant to everybody counts too.
 */
export const grantedTo = (list: string, owner: string, privilege?: string, everyone = false): string =>
  `coalesce(exists (select from aclexplode(${list}) g where g.grantee ${everyone ? `<> ${owner}` : `not in (0, ${owner})`}
    ${privilege === undefined ? '' : `and g.privilege_type = '${privilege}'`}), false)`;

/**
 * SQL, to follow `taken` (checks/cascades.ts): `acts`, the roles as which the phases' role ($1) can act, and `takeable`,
 * what depends on an object of any other role, which can rename it, or drop it with `cascade`.
 */
export const takeable = (acts: string): string => `
  acts (oid) as materialized (select oid from ${acts} a (oid)),
  takeable as materialized (
    select classid, objid, objsubid from taken where exists (
      select from json_array_elements_text(takers) t (name) join pg_roles r on r.rolname = t.name
      where r.oid not in (select oid from acts)))`;
