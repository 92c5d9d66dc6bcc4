import { ofExtension } from '../sql-pieces.ts';
import { allowed } from '../../core/evidence/declared.ts';
import { apiRoles, gravestRights, lint, mayRead, reachedBy } from './lint.ts';
import { includesWord, wordsFor } from './watched.ts';

/** SQL: whether view `c` reads with the reader's rights. Before 15 no view does. */
const asReader = `coalesce(
  (select option_value::boolean from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false)`;

export const definerViews = lint({
  id: 'definer-views',
  since: 15,
  reads: ['pg_class', 'pg_namespace'],
  remedy: 'alter view NAME set (security_invoker = true)',
  about: 'roles and schemas',
  ask: `
    with ${apiRoles}
    select 'view' as kind, format('%I.%I', n.nspname, c.relname) as relation, null as name, who, opened_by,
      ${gravestRights('c.relowner')}
    from pg_class c join pg_namespace n on n.oid = c.relnamespace ${reachedBy(mayRead)}
    where c.relkind = 'v' and n.nspname = any ($2::text[]) and not ${asReader}
      and not ${ofExtension('pg_class', 'c.oid')}`,
  aspects: ['existence', 'grants'],
  what: ({ who }) => `reads with its owner’s rights, past row level security, for ${who}`,
  well: 'every view that an API offers reads with the reader’s rights',
  breach: [{ kind: 'view', relation: 'public.v', name: null, who: 'anon' }],
});

export const copiesWithoutPolicies = lint({
  id: 'copies-without-policies',
  reads: ['pg_class', 'pg_namespace'],
  remedy: 'revoke select on NAME from ROLE, or move it to a schema that no API offers',
  about: 'roles and schemas',
  ask: `
    with ${apiRoles}
    select case c.relkind when 'm' then 'materialised view' else 'foreign table' end as kind,
      format('%I.%I', n.nspname, c.relname) as relation, null as name, who, opened_by
    from pg_class c join pg_namespace n on n.oid = c.relnamespace ${reachedBy(mayRead)}
    where c.relkind in ('m', 'f') and n.nspname = any ($2::text[]) and not ${ofExtension('pg_class', 'c.oid')}`,
  aspects: ['existence', 'grants'],
  what: ({ who }) => `is readable for ${who}, and no policy can guard it`,
  // A phase that lists every role that may read it has declared everything.
  excused: ({ who }, thing, { declared }) => {
    const mapping = allowed(declared, thing, 'grants');
    return (
      mapping !== undefined && (who ?? '').split(', ').every((one) => includesWord(wordsFor(mapping, one), 'select'))
    );
  },
  well: 'no materialised view or foreign table lets anyone read past the policies',
  breach: [{ kind: 'materialised view', relation: 'public.m', name: null, who: 'anon' }],
});

/**
 * Follows views of views. A view that reads with the reader's rights shows only what that reader may see of auth.users.
 */
export const exposedAuthUsers = lint({
  id: 'exposed-auth-users',
  reads: ['pg_class', 'pg_namespace', 'pg_rewrite', 'pg_depend'],
  remedy: 'Drop the view, or revoke select on it from the roles of the API',
  about: 'roles and schemas',
  ask: `
    with recursive ${apiRoles}, reads as (
      select c.oid as relid, c.oid as users
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'auth' and c.relname = 'users'
      union
      select w.ev_class, reads.users
      from reads join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = reads.relid
          and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite w on w.oid = d.objid and w.ev_class <> reads.relid
    )
    select case c.relkind when 'm' then 'materialised view' else 'view' end as kind,
      format('%I.%I', n.nspname, c.relname) as relation, null as name, who, opened_by
    from reads join pg_class c on c.oid = reads.relid join pg_namespace n on n.oid = c.relnamespace
      ${reachedBy(`${mayRead} and (not ${asReader} or has_any_column_privilege(api.role, reads.users, 'select'))`)}
    where c.relkind in ('v', 'm') and n.nspname = any ($2::text[])`,
  aspects: ['existence', 'grants'],
  what: ({ who }) => `shows auth.users to ${who}`,
  well: 'no view shows auth.users',
  breach: [{ kind: 'view', relation: 'public.v', name: null, who: 'anon' }],
});
