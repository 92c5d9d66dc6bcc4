import { allowed, isDeclared } from '../../core/evidence/declared.ts';
import { userSchemas } from '../pieces.ts';
import { ofExtension } from '../sql-pieces.ts';
import { apiRoles, gravestRights, lint } from './lint.ts';
import { openings } from './openings.ts';
import { includesWord, wordsFor } from './watched.ts';

/**
 * Each caller is its own object, and so is the search_path: a known fault must not hide another one of the same
 * function.
 */
export const definerFunctions = lint({
  id: 'definer-functions',
  made: 'all',
  cost: 'A',
  reads: ['pg_proc', 'pg_namespace'],
  remedy: "revoke execute on function NAME from PUBLIC, ROLE; alter function NAME set search_path = ''",
  about: 'roles',
  ask: `
    with ${apiRoles}, definers as materialized (
      select p.oid, n.oid as schema, p.proconfig, p.prorettype, coalesce(p.proacl, acldefault('f', p.proowner)) as acl, pg_get_userbyid(p.proowner) as owner, ${gravestRights('p.proowner')},
        format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and ${userSchemas('n')} and not ${ofExtension('pg_proc', 'p.oid')}
    )
    select 'function' as kind, null as relation, name, case role when 'public' then 'PUBLIC' else role end as caller, owner,
      ${openings('(select w.oid from pg_roles w where w.rolname = api.role)', 'select a.grantee, a.grantor from aclexplode(acl) a')} as opened_by, rights
    from definers join pg_namespace n on n.oid = schema cross join api
    where prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
      and has_schema_privilege(role, schema, 'usage') and has_function_privilege(role, definers.oid, 'execute')
    union all
    select 'function', null, name, null, owner, null, null
    from definers where not exists (select from unnest(proconfig) setting where setting like 'search_path=%')`,
  aspects: ['existence', 'grants'],
  rests: ({ name }) => ({ kind: 'function', name: name ?? '', watched: true }),
  object: (said, { caller }) => (caller === null ? `search_path of ${said}` : `${said} for ${caller}`),
  what: ({ caller }) =>
    caller === null ? 'is not fixed, although the function runs as its owner' : 'runs as its owner for every caller',
  // A phase may declare who may call the function.
  excused: ({ caller }, thing, { declared }) => {
    if (caller === null || caller === undefined) return false;
    const mapping = allowed(declared, thing, 'grants');
    return mapping === undefined
      ? isDeclared(declared, thing, 'grants')
      : includesWord(wordsFor(mapping, caller), 'execute');
  },
  well: 'no function that runs as its owner is open, and each has a fixed search_path',
  breach: [{ kind: 'function', relation: null, name: 'public.f()', caller: 'anon' }],
});
