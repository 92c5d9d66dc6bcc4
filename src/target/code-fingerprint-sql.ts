/** User-made objects have oids from here on (FirstNormalObjectId in transam.h). */
export const firstOfUsers = 16_384;

/** The first superuser, who owns everything that initdb created (BOOTSTRAP_SUPERUSERID in pg_authid.dat). */
const bootstrapSuperuser = 10;

/** The roles whose code may run, as a subquery. `names` is an SQL expression. */
export const trustedRoles = (names: string): string =>
  `(select oid from pg_roles where oid = ${bootstrapSuperuser} or rolname = any (${names}::name[]))`;

/**
 * What these words or oids name, and the change that made each what it is (xmin). If someone gives a table's name to
 * another object for a moment and back, the fingerprint differs. Statistics are updated in place, so they do not change
 * it.
 */
export const namedPrint = (words: string, relations: string): string => `
  select md5(string_agg(concat_ws(' ', oid, relnamespace, xmin), ',' order by oid)) from pg_class
  where relname = any (${words}::name[]) or oid = any (${relations}::oid[])`;

/**
 * A fingerprint of everything that must change before other code can run: what depends on these relations and types or
 * is part of them, the owners of these functions, what else has these words and operators as names or lies in these
 * schemas, the trusted roles, and the reader's login. It is cheap enough to compute before every read.
 */
export const printOf = (
  of: Readonly<
    Record<
      'relations' | 'types' | 'functions' | 'words' | 'operators' | 'schemas' | 'trusts' | 'login' | 'alone',
      string
    >
  >,
): string => `
  select md5(string_agg(line, ',' order by line collate "C")) from (
    select concat_ws(' ', classid, objid, deptype) as line from pg_depend
    where refclassid = 'pg_class'::regclass and refobjid = any (${of.relations}::oid[])
    union all
    select concat_ws(' ', objid, objsubid, refclassid, refobjid) from pg_depend
    where classid = 'pg_class'::regclass and objid = any (${of.relations}::oid[])
    union all
    select concat_ws(' ', classid, objid, deptype) from pg_depend
    where refclassid = 'pg_type'::regclass and refobjid = any (${of.types}::oid[])
    union all
    select concat_ws(' ', 'rule', oid, xmin) from pg_rewrite where ev_class = any (${of.relations}::oid[])
    union all
    select concat_ws(' ', 'policy', oid, xmin) from pg_policy where polrelid = any (${of.relations}::oid[])
    union all
    select concat_ws(' ', 'owner', oid, relowner, relnamespace, xmin) from pg_class where oid = any (${of.relations}::oid[])
    union all
    select concat_ws(' ', 'owner of type', oid, typowner) from pg_type where oid = any (${of.types}::oid[])
    union all
    select concat_ws(' ', 'owner of function', oid, proowner, prolang, proconfig, prosqlbody is null) from pg_proc where oid = any (${of.functions}::oid[])
    union all
    select concat_ws(' ', 'relation', oid, relnamespace, xmin) from pg_class
    where relname = any (${of.words}::name[] || ${of.alone}::name[])
    union all
    select concat_ws(' ', 'function', oid, pronamespace, proowner) from pg_proc
    where proname = any (${of.words}::name[]) and oid >= ${firstOfUsers}
    union all
    select concat_ws(' ', 'operator', oid, oprnamespace, oprowner) from pg_operator
    where oprname = any (${of.operators}::name[]) and oid >= ${firstOfUsers}
    union all
    select concat_ws(' ', 'operator of others', oid, xmin) from pg_operator
    where oid >= ${firstOfUsers} and oprowner not in ${trustedRoles(of.trusts)}
    union all
    select distinct concat_ws(' ', 'maker', proowner, pronamespace) from pg_proc
    where oid >= ${firstOfUsers} and proowner not in ${trustedRoles(of.trusts)}
    union all
    select concat_ws(' ', 'type', oid, typnamespace) from pg_type
    where typname = any (${of.words}::name[]) and oid >= ${firstOfUsers}
    union all
    select concat_ws(' ', 'schema', oid, nspname, nspowner, nspacl) from pg_namespace
    where nspname = any (${of.schemas}::name[]) or nspname !~ '^pg_'
    union all
    select concat_ws(' ', 'role', oid, rolname, rolsuper, rolbypassrls) from pg_roles
    where rolname = any (${of.trusts}::name[]) or rolname = ${of.login}::name) lines`;

/** The same fingerprint. $1 to $3: the relations, types and functions that were found. */
export const codeFingerprint = printOf({
  relations: '$1',
  types: '$2',
  functions: '$3',
  words: '$4',
  operators: '$5',
  schemas: '$6',
  trusts: '$7',
  login: '$8',
  alone: '$9',
});
