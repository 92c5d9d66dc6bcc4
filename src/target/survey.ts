import { seconds } from '../core/kernel/units.ts';
import type { Survey, SurveyedTable } from '../core/plan/proposal.ts';
import type { HeldConnection } from './connection.ts';
import { quoteIdentifier } from './identifiers.ts';

type Asked = Pick<HeldConnection, 'query'>;

const tables = `
  select n.nspname, c.relname, greatest(c.reltuples, 0)::bigint, coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) > 0,
    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0),
    case when array_length(i.indkey::int2[], 1) = 1 then a.attname end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_stat_all_tables s on s.relid = c.oid
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
  where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by 5 desc, 1, 2 limit 1000`;

/** Roles by the names that PostgREST and its like give them, and those that a login named authenticator may become. */
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

const hot = `
  select regexp_replace(s.query, '\\s+', ' ', 'g')
  from pg_stat_statements s
  where s.dbid = (select oid from pg_database where datname = current_database()) and s.query ~* '^\\s*(select|with)\\M'
    and s.query !~* 'pg_catalog|pg_stat|information_schema' and length(s.query) < 400
  group by 1 order by sum(s.total_exec_time) desc limit 5`;

const column = async (asked: Asked, text: string, values: readonly (readonly string[])[] = []) =>
  (await asked.query(text, values)).rows.map(([cell]) => cell ?? '');

/** A key that is there now: a probe that finds nothing would be fast for the wrong reason. */
async function keyOf(asked: Asked, schema: string, table: string, key: string): Promise<SurveyedTable['key']> {
  const [name, relation] = [quoteIdentifier(key), `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`];
  const answer = asked.query(`select ${name} from ${relation} limit 1`, [], { timeout: seconds(2) });
  const value = await answer.then(
    ({ rows }) => rows[0]?.[0],
    () => undefined, // gone, locked or not readable: then it is proposed without
  );
  return typeof value === 'string' ? { column: key, value } : undefined;
}

const mostKeys = 5;

/** Looks at a database that nobody has told us about. Rejects with a TargetError. */
export async function surveyDatabase(asked: Asked): Promise<Survey> {
  const { rows: about } = await asked.query("select current_database(), current_setting('server_version_num')");
  const { rows } = await asked.query(tables);
  const found: SurveyedTable[] = [];
  for (const [schema, name, count, written, scans, key] of rows) {
    const table = { schema: schema ?? '', name: name ?? '' };
    const wanted = typeof key === 'string' && found.length < mostKeys;
    const value = wanted ? await keyOf(asked, table.schema, table.name, key) : undefined;
    const numbers = { rows: Number(count), written: written === 't', scans: Number(scans) };
    found.push({ ...table, ...numbers, ...(value !== undefined && { key: value }) });
  }
  const roles = await column(asked, apiRoles);
  return {
    database: about[0]?.[0] ?? '',
    version: Number(about[0]?.[1]),
    tables: found,
    apiRoles: roles,
    exposedSchemas: roles.length === 0 ? [] : await column(asked, exposed, [roles]),
    owners: await column(asked, owners),
    hot: await column(asked, hot).catch(() => undefined), // not installed, or not readable
  };
}
