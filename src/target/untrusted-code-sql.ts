import { closure, referred, trusted } from './code-closure-sql.ts';
import { firstOfUsers, namedPrint, printOf } from './code-fingerprint-sql.ts';
import { shadowedNames } from './shadowed-names.ts';

/**
 * Functions that do harm, or read what their caller may read, in anyone's expression even if their own owner is
 * trusted: functions with side effects, functions that take a statement as text, and functions that read a value of a
 * type given by oid or name, which runs a domain's checks.
 */
const doesHarm = `
  (p.provolatile = 'v' and p.proname not in
      ('random', 'random_normal', 'clock_timestamp', 'timeofday', 'gen_random_uuid', 'uuidv4', 'uuidv7')
    or p.proname ~ '^((query|table|schema|database|cursor)_to_xml|pg_input_|(array|record|domain|range|multirange)_in$)'
    or p.proname ~ '^(crosstab|connectby$|xpath_table$)')`;

/**
 * Whether an untrusted role (not in $1) owns anything that `untrustedCode` looks for: a function, an expression that
 * may call a built-in function, or a route to another server. If not, only two questions remain: whether these words
 * ($2) or oids ($3) still name the same objects, and which unqualified names ($4) are shadowed in this path ($5).
 */
export const anyUntrusted = `
  with ${trusted('$1')}
  select exists (select from pg_proc where proowner not in (select oid from trusted))
    or exists (select from pg_class where relkind in ('v', 'f') and relowner not in (select oid from trusted))
    or exists (select from pg_foreign_server where srvowner not in (select oid from trusted))
    or exists (select from pg_type where typtype = 'd' and typowner not in (select oid from trusted))
    or exists (select from pg_policy l join pg_class c on c.oid = l.polrelid
               where c.relowner not in (select oid from trusted)) as any,
    (${namedPrint('$2::name[] || $4', '$3')}) as named, (${shadowedNames('$4', '$5')}) as shadowed`;

const calledIn = (tree: string): string => `
  (select distinct m[1]::oid from regexp_matches(${tree}, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') m)`;

/** The search path in a function's own settings; null if it has none and uses its caller's. */
const ownPath = `
  (select array_agg(case when word[1] like '"%' then replace(substr(word[1], 2, length(word[1]) - 2), '""', '"')
     else lower(word[1]) end::name)
   from unnest(p.proconfig) setting
     cross join lateral regexp_matches(substr(setting, length('search_path=') + 1), '"(?:[^"]|"")*"|[^,\\s]+', 'g') word
   where setting like 'search_path=%')`;

/**
 * The code of untrusted roles that may run when the relations ($1, by oid; $2, by names in the schemas $4) are read, or
 * when a statement with these words ($2) and operators ($3) is planned. $5: the trusted roles. $6: row-level policies
 * restrict the reader and are therefore evaluated; or they do unless this login ($7) bypasses them. Also returns which
 * unqualified names ($8) are shadowed in the path ($9). The planner folds expressions of indexes, statistics and
 * constraints, so code runs even if no row is read. pg_depend records references to user functions. It does not record
 * calls of built-in functions, so those are read from the expressions of views, policies and domains, the only
 * evaluated expressions that may call a function that is not immutable.
 */
export const untrustedCode = `${closure}, ${referred},
  expression (top, classid, objid, owner, tree) as (
    select p.top, p.classid, p.objid, c.relowner, w.ev_action::text
    from part p join pg_rewrite w on p.classid = 'pg_rewrite'::regclass and w.oid = p.objid
      join pg_class c on c.oid = w.ev_class
    where c.relowner not in (select oid from trusted)
    union all
    select p.top, p.classid, p.objid, c.relowner, concat(l.polqual::text, l.polwithcheck::text)
    from part p join pg_policy l on p.classid = 'pg_policy'::regclass and l.oid = p.objid
      join pg_class c on c.oid = l.polrelid
    where c.relowner not in (select oid from trusted)
    union all
    select typ.top, 'pg_constraint'::regclass, k.oid, t.typowner, k.conbin::text
    from typ join pg_type t on t.oid = typ.oid join pg_constraint k on k.contypid = t.oid
    where t.typowner not in (select oid from trusted)
  ),
  -- Who decides what a name means in a schema: the roles that may create there, and those that did. A superuser and the
  -- trusted roles always may.
  maker (oid, schema) as materialized (
    select made.owner, n.nspname from (
      select proowner as owner, pronamespace as place from pg_proc where oid >= ${firstOfUsers}
      union
      select oprowner, oprnamespace from pg_operator where oid >= ${firstOfUsers}) made
      join pg_namespace n on n.oid = made.place
    where made.owner not in (select oid from trusted)
    union
    select coalesce(r.oid, 0), n.nspname
    from pg_namespace n cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
      left join pg_roles r on r.oid = a.grantee
      join pg_database d on d.datname = current_database()
    where a.privilege_type = 'CREATE'
      and not coalesce(r.rolsuper, false) and coalesce(r.oid, 0) not in (select oid from trusted)
      and not (r.rolname = 'pg_database_owner'
        and (d.datdba in (select oid from trusted) or exists (select from pg_roles o where o.oid = d.datdba and o.rolsuper)))
  ),
  found (top, classid, objid, runs, owner) as (
    select code.top, code.classid, code.objid,
      format('function %s, which looks up names in schema %I, and so what may be there', p.oid::regprocedure, m.schema), m.oid
    from code join pg_proc p on p.oid = code.proc join pg_language l on l.oid = p.prolang
      cross join lateral (select coalesce(${ownPath}, $4::name[]) as path) looks
      join maker m on m.schema = any (looks.path)
        or '$user' = any (looks.path) and m.schema in ($7::name, pg_get_userbyid(p.proowner))
    where p.proowner in (select oid from trusted) and p.oid >= ${firstOfUsers} and l.lanname not in ('internal', 'c')
      and p.prosqlbody is null
    union
    select o.top, o.classid, o.objid, format('function %s', p.oid::regprocedure), d.oprowner
    from operator o join pg_operator d on d.oid = o.oper join pg_proc p on p.oid = d.oprcode
    where d.oprowner not in (select oid from trusted) and ${doesHarm}
    union
    select code.top, code.classid, code.objid, format('function %s', p.oid::regprocedure), p.proowner
    from code join pg_proc p on p.oid = code.proc where p.proowner not in (select oid from trusted)
    union
    select e.top, e.classid, e.objid, format('function %s', p.oid::regprocedure), e.owner
    from expression e cross join lateral ${calledIn('e.tree')} called (oid) join pg_proc p on p.oid = called.oid
    where ${doesHarm}
    union
    select rel.top, 'pg_class'::regclass, rel.oid, format('foreign server %I', s.srvname), c.relowner
    from rel join pg_class c on c.oid = rel.oid and c.relkind = 'f'
      join pg_foreign_table t on t.ftrelid = c.oid join pg_foreign_server s on s.oid = t.ftserver
    where not (c.relowner in (select oid from trusted) and s.srvowner in (select oid from trusted))
  ),
  listed as (
    select f.top as oid, n.nspname as schema, n.name, (pg_identify_object(f.classid, f.objid, 0)).type as kind,
      (pg_identify_object(f.classid, f.objid, 0)).identity as object, f.runs, case f.owner when 0 then 'PUBLIC' else pg_get_userbyid(f.owner) end as owner
    from found f cross join lateral (
      select s.nspname, c.relname as name from pg_class c join pg_namespace s on s.oid = c.relnamespace where c.oid = f.top
      union all
      select s.nspname, t.typname from pg_type t join pg_namespace s on s.oid = t.typnamespace where t.oid = f.top
      union all
      select s.nspname, p.proname from pg_proc p join pg_namespace s on s.oid = p.pronamespace where p.oid = f.top
      union all
      select s.nspname, o.oprname from pg_operator o join pg_namespace s on s.oid = o.oprnamespace where o.oid = f.top) n
  ),
  closed as materialized (
    select coalesce((select array_agg(distinct oid) from (
        select oid from rel union select t.typrelid from typ join pg_type t on t.oid = typ.oid where t.typrelid <> 0) r), '{}') as relations,
      coalesce((select array_agg(distinct oid) from typ), '{}') as types,
      coalesce((select array_agg(distinct proc) from code where proc >= ${firstOfUsers}), '{}') as functions
  )
  select relations::text, types::text, functions::text,
    (${printOf({
      relations: '(select relations from closed)',
      types: '(select types from closed)',
      functions: '(select functions from closed)',
      words: '$2',
      operators: '$3',
      schemas: '$4',
      trusts: '$5',
      login: '$7',
      alone: '$8',
    })}) as print,
    coalesce((select json_agg(json_build_array(oid, schema, name, kind, object, runs, owner) order by schema, name, object, runs)
      from listed), '[]') as found,
    (${shadowedNames('$8', '$9')}) as shadowed
  from closed`;
