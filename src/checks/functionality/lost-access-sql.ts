import { grantableThings } from '../security/grants-sql.ts';

/** Every object with its access list, every membership, and which roles may log in. */
export const listed = `
  with things as (${grantableThings()})
  select 'object' as about, kind, relation, name, objid::text as oid, objsubid::text as part, to_json(acl::text[])::text as acl
  from things
  union all
  select 'member', quote_ident(m.rolname), null, quote_ident(r.rolname), null, null, null
  from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
  union all
  select 'role', null, null, quote_ident(rolname), null, null,
    case when rolcanlogin and rolconnlimit <> 0 and coalesce(rolvaliduntil > now(), true) then 'login' end
  from pg_roles`;

const has = (kind: string, role: string): string => `has_${kind}_privilege(${role}, m.oid, m.privilege)`;

/** $1 to $5: kind, oid, part, holder without quotes, privilege. Returns the places of those that the holder lacks now. */
export const lacked = `
  select m.place::text as place
  from unnest($1::text[], $2::oid[], $3::int2[], $4::name[], $5::text[]) with ordinality m (kind, oid, part, grantee, privilege, place)
  where (m.grantee = 'public' or exists (select from pg_roles r where r.rolname = m.grantee)) and not case m.kind
    when 'sequence' then ${has('sequence', 'm.grantee')}
    when 'column' then has_column_privilege(m.grantee, m.oid, m.part, m.privilege)
    when 'function' then ${has('function', 'm.grantee')}
    when 'type' then ${has('type', 'm.grantee')}
    when 'language' then ${has('language', 'm.grantee')}
    when 'schema' then ${has('schema', 'm.grantee')}
    when 'database' then ${has('database', 'm.grantee')}
    when 'foreign server' then ${has('server', 'm.grantee')}
    when 'foreign data wrapper' then ${has('foreign_data_wrapper', 'm.grantee')}
    when 'tablespace' then ${has('tablespace', 'm.grantee')}
    else ${has('table', 'm.grantee')} end`;
