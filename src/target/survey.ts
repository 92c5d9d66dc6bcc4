import { seconds } from '../core/kernel/units.ts';
import type { Survey, SurveyedTable } from '../core/plan/proposal.ts';
import type { HeldConnection } from './connection.ts';
import { quoteIdentifier } from './identifiers.ts';
import { watchCode } from './code-watch.ts';
import type { NamedRelation } from './reading.ts';
import { type CodeRules, codeOfRelations } from './untrusted-code.ts';

type Asked = Pick<HeldConnection, 'query'>;

/** Two sessions of one login. One of them is used only to read user data. */
export interface Asking {
  readonly catalogs: Asked;
  readonly rows: Asked;
}

const tables = `
  select c.oid, n.nspname, c.relname, greatest(c.reltuples, 0)::bigint, coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) > 0,
    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0),
    case when array_length(i.indkey::int2[], 1) = 1 and a.atttypid = any ('{int2,int4,int8,uuid}'::regtype[]) then a.attname end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_stat_all_tables s on s.relid = c.oid
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by 6 desc, 2, 3 limit 1000`;

/** Roles with the names that PostgREST and similar APIs use, and roles that a login named authenticator may become. */
const apiRoles = `
  select r.rolname from pg_roles r
  where not r.rolsuper and (r.rolname in ('anon', 'authenticated', 'web_anon')
    or exists (select from pg_auth_members m join pg_roles l on l.oid = m.member
               where m.roleid = r.oid and l.rolname = 'authenticator' and r.rolname <> 'service_role'))
  order by r.rolname`;

const exposed = `
  select distinct n.nspname from pg_namespace n, unnest($1::text[]) role
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and has_schema_privilege(role, n.oid, 'usage')
    and exists (select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v'))
  order by 1`;

const owners = `
  select r.rolname from pg_roles r join pg_class c on c.relowner = r.oid join pg_namespace n on n.oid = c.relnamespace
  where r.rolcanlogin and not r.rolsuper and c.relkind in ('r', 'p') and n.nspname !~ '^pg_'
  group by 1 order by count(*) desc, 1 limit 3`;

const counted = `
  select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'pg_stat_statements'`;

const hot = (schema: string): string => `
  select regexp_replace(s.query, '\\s+', ' ', 'g')
  from ${schema}.pg_stat_statements s
  where s.dbid = (select oid from pg_database where datname = current_database()) and s.query ~* '^\\s*(select|with)\\M'
    and s.query !~* 'pg_catalog|pg_stat|information_schema' and length(s.query) < 400
  group by 1 order by sum(s.total_exec_time) desc limit 5`;

const callers = (schema: string): string => `
  select r.rolname from ${schema}.pg_stat_statements s join pg_roles r on r.oid = s.userid
  where s.dbid = (select oid from pg_database where datname = current_database()) and s.toplevel and not r.rolsuper
  group by 1 order by sum(s.total_exec_time) desc, 1 limit 3`;

const column = async (asked: Asked, text: string, values: readonly (readonly string[])[] = []) =>
  (await asked.query(text, values)).rows.map(([cell]) => cell ?? '');

/** Empty if nothing counts statements, or the login may not read the counts. */
async function hottest(asked: Asked): Promise<Pick<Survey, 'hot' | 'callers'>> {
  const [schema] = await column(asked, counted);
  if (schema === undefined) return { hot: undefined, callers: [] };
  const statements = await column(asked, hot(schema)).catch(() => undefined);
  return { hot: statements, callers: await column(asked, callers(schema)).catch(() => []) };
}

/**
 * An existing key, because a probe that finds nothing would be fast for the wrong reason. Only here does the survey
 * read user data. It takes only a number or a UUID, because any other key may be someone's address or a secret, and
 * would end up in the plan.
 */
async function keyOf(asked: Asked, relation: NamedRelation, key: string): Promise<SurveyedTable['key']> {
  const question = `select ${quoteIdentifier(key)} from ${relation.name} limit 1`;
  const answer = asked.query(question, [], { timeout: seconds(2), holding: [relation] });
  const value = await answer.then(
    ({ rows }) => rows[0]?.[0],
    () => undefined, // gone, locked or not readable: propose the table without a key
  );
  return typeof value === 'string' ? { column: key, value } : undefined;
}

const mostKeys = 5;

const nobodyTrusted: CodeRules = { trusts: [], path: [], reader: true };

const everyRelation = `
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by c.oid limit 2000`;

/** Whose code would run if the database were read as a plan would read it, and where that code is. */
async function codeOwners(asked: Asked): Promise<Survey['codeOwners']> {
  const relations = await column(asked, everyRelation);
  const holders = new Map<string, Set<string>>();
  for (const { owner, holder } of await watchCode(asked, { relations }, nobodyTrusted).find())
    holders.set(owner, (holders.get(owner) ?? new Set()).add(holder));
  return [...holders].map(([owner, all]) => ({ owner, holders: [...all] }));
}

/** Surveys an unknown database. Rejects with a TargetError. */
export async function surveyDatabase({ catalogs: asked, rows: reading }: Asking): Promise<Survey> {
  const { rows: about } = await asked.query(
    "select current_database(), current_setting('server_version_num'), rolsuper from pg_roles where rolname = session_user",
  );
  const { rows } = await asked.query(tables);
  const found: SurveyedTable[] = [];
  const code = codeOfRelations(
    asked,
    rows.map(([oid]) => oid ?? ''),
    nobodyTrusted,
  );
  for (const [oid, schema, name, count, written, scans, key] of rows) {
    const table = { schema: schema ?? '', name: name ?? '' };
    const wanted = typeof key === 'string' && found.length < mostKeys;
    const mayRead = wanted && (await code.why(oid ?? '')) === undefined;
    const relation = { oid: oid ?? '', name: `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}` };
    const value = mayRead ? await keyOf(reading, relation, key) : undefined;
    const numbers = { rows: Number(count), written: written === 't', scans: Number(scans) };
    found.push({ ...table, ...numbers, ...(value !== undefined && { key: value }) });
  }
  const roles = await column(asked, apiRoles);
  return {
    database: about[0]?.[0] ?? '',
    version: Number(about[0]?.[1]),
    isSuper: about[0]?.[2] === 't',
    tables: found,
    apiRoles: roles,
    exposedSchemas: roles.length === 0 ? [] : await column(asked, exposed, [roles]),
    owners: await column(asked, owners),
    ...(await hottest(asked)),
    codeOwners: await codeOwners(asked),
  };
}
