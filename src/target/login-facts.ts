import type { HeldConnection } from './connection.ts';

/** What the server reports about a session's login. */
export interface LoginFacts {
  readonly role: string;
  readonly version: number;
  readonly isSuper: boolean;
  /** In the words of `alter role`: `createrole`. */
  readonly attributes: readonly string[];
  /** The predefined roles whose rights it has. */
  readonly has: readonly string[];
  /** Memberships through which it reaches a role: its own, and those of the predefined roles it belongs to. */
  readonly memberships: readonly Membership[];
  /** Grants to the login itself, in this database or on shared objects. */
  readonly grants: readonly ObjectGrant[];
  /** What the login owns there. */
  readonly owns: readonly { readonly kind: string; readonly object: string }[];
  /** The bootstrap superuser. */
  readonly bootstrap: string;
}

export interface Membership {
  readonly role: string;
  readonly member: string;
  readonly isSuper: boolean;
  /** The grantor, if a superuser must name it to revoke the membership. */
  readonly by?: string;
}

export interface ObjectGrant {
  /** In PostgreSQL's words: `table`, `table column`, `function`. */
  readonly kind: string;
  readonly object: string;
  readonly privileges: readonly string[];
  /** The extension that the object belongs to. */
  readonly extension?: string;
}

/**
 * From 16 on, a membership may grant nothing. The query follows memberships through predefined roles. It stops at any
 * other role, because what a member of that role may do is the role's own matter.
 */
const membershipsQuery = (version: number): string => `
  with recursive reached as (
    select m.roleid, m.member, m.grantor from pg_auth_members m
    where m.member = (select oid from pg_roles where rolname = session_user) and ${usable(version)}
    union
    select m.roleid, m.member, m.grantor from reached join pg_auth_members m on m.member = reached.roleid
    where reached.roleid < 16384 and ${usable(version)}
  )
  select r.rolname, pg_get_userbyid(member), r.rolsuper, case when grantor <> 10 then pg_get_userbyid(grantor) end
  from reached join pg_roles r on r.oid = roleid order by 2, 1, 4`;
const usable = (version: number): string =>
  version >= 160_000 ? '(m.admin_option or m.inherit_option or m.set_option)' : 'true';

/** More than anyone wants to read at once. */
const mostObjects = 50;

/**
 * pg_shdepend records everything that a role owns or was granted, so the query scans no catalog of objects. It leaves
 * out objects on which only the privileges $1 were granted.
 */
const objectsQuery = (version: number): string => `
  with mine as (
    select d.classid, d.objid, d.objsubid, d.deptype from pg_shdepend d
    where d.refclassid = 'pg_authid'::regclass and d.refobjid = (select oid from pg_roles where rolname = session_user)
      and d.dbid in (0, (select oid from pg_database where datname = current_database())) and d.deptype in ('a', 'o')
  ), lists as (
    select mine.*, case mine.classid
      when 'pg_class'::regclass then case objsubid when 0 then (select relacl from pg_class where oid = objid)
        else (select attacl from pg_attribute where attrelid = objid and attnum = objsubid) end
      when 'pg_proc'::regclass then (select proacl from pg_proc where oid = objid)
      when 'pg_namespace'::regclass then (select nspacl from pg_namespace where oid = objid)
      when 'pg_database'::regclass then (select datacl from pg_database where oid = objid)
      when 'pg_foreign_server'::regclass then (select srvacl from pg_foreign_server where oid = objid)
      when 'pg_foreign_data_wrapper'::regclass then (select fdwacl from pg_foreign_data_wrapper where oid = objid)
      when 'pg_language'::regclass then (select lanacl from pg_language where oid = objid)
      when 'pg_type'::regclass then (select typacl from pg_type where oid = objid)
      when 'pg_tablespace'::regclass then (select spcacl from pg_tablespace where oid = objid)
      when 'pg_default_acl'::regclass then (select defaclacl from pg_default_acl where oid = objid)
      when 'pg_largeobject'::regclass then (select lomacl from pg_largeobject_metadata where oid = objid)
      ${version >= 150_000 ? "when 'pg_parameter_acl'::regclass then (select paracl from pg_parameter_acl where oid = objid)" : ''}
      end as acl
    from mine
  )
  select o.deptype, i.type, coalesce(i.identity, pg_describe_object(o.classid, o.objid, o.objsubid)),
    (select json_agg(distinct lower(a.privilege_type)) from aclexplode(o.acl) a
     where a.grantee = (select oid from pg_roles where rolname = session_user)),
    (select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
     where d.classid = o.classid and d.objid = o.objid and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass)
  from (
    select * from lists where deptype = 'o' or acl is null or exists (
      select from aclexplode(acl) a where a.privilege_type <> all ($1::text[])
        and a.grantee = (select oid from pg_roles where rolname = session_user))
    order by deptype desc, classid, objid, objsubid limit ${mostObjects}
  ) o, pg_identify_object(o.classid, o.objid, o.objsubid) i order by 2, 3`;

/** The names of the attributes in `alter role`. */
const attributes = {
  superuser: 'rolsuper',
  createrole: 'rolcreaterole',
  createdb: 'rolcreatedb',
  replication: 'rolreplication',
  bypassrls: 'rolbypassrls',
} as const;

const roleQuery = `
  select session_user, current_setting('server_version_num'), ${Object.values(attributes).join(', ')},
    (select json_agg(p.rolname) from pg_roles p where p.oid < 16384 and p.oid <> 10 and pg_has_role(me.oid, p.oid, 'usage')),
    pg_get_userbyid(10)
  from pg_roles me where me.rolname = session_user`;

type Cells = readonly (string | null)[];

const membershipOf = ([role, member, isSuper, by]: Cells): Membership => ({
  role: role ?? '',
  member: member ?? '',
  isSuper: isSuper === 't',
  ...(by != null && { by }),
});

const grantOf = ([, kind, object, privileges, extension]: Cells): ObjectGrant => ({
  kind: kind ?? 'object',
  object: object ?? '',
  privileges: JSON.parse(privileges ?? '[]') as string[],
  ...(extension != null && { extension }),
});

/**
 * Asks a session what its own login may do, leaving out the `granted` privileges on objects. Rejects with a
 * TargetError.
 */
export async function lookAtLogin(
  connection: Pick<HeldConnection, 'query'>,
  granted: readonly string[] = [],
): Promise<LoginFacts> {
  const { rows } = await connection.query(roleQuery);
  const [role, number, ...cells] = rows[0] ?? [];
  const version = Number(number);
  const names = Object.keys(attributes);
  const { rows: memberships } = await connection.query(membershipsQuery(version));
  const { rows: objects } = await connection.query(objectsQuery(version), [granted]);
  return {
    role: role ?? '',
    version,
    isSuper: cells[0] === 't',
    attributes: names.filter((_, at) => at > 0 && cells[at] === 't'),
    has: JSON.parse(cells[names.length] ?? '[]') as string[],
    bootstrap: cells[names.length + 1] ?? '',
    memberships: memberships.map(membershipOf),
    grants: objects.filter(([type]) => type === 'a').map(grantOf),
    owns: objects
      .filter(([type]) => type === 'o')
      .map(([, kind, object]) => ({ kind: kind ?? 'object', object: object ?? '' })),
  };
}
