import type { Copy } from './cryoprotect.ts';

const queries = [
  `select 'relation', relname, relkind, relpersistence, pg_get_userbyid(relowner), relrowsecurity, relforcerowsecurity,
     relacl, reloptions, relreplident from pg_class where relnamespace = 'public'::regnamespace`,
  `select 'column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
     attcollation, attacl, (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum)
     from pg_attribute join pg_class c on c.oid = attrelid
     where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0`,
  `select 'constraint', conrelid::regclass, conname, contype, convalidated, pg_get_constraintdef(oid)
     from pg_constraint where connamespace = 'public'::regnamespace`,
  `select 'index', pg_get_indexdef(indexrelid), indisvalid, indisready, indislive, indisunique, indisprimary
     from pg_index join pg_class c on c.oid = indexrelid where relnamespace = 'public'::regnamespace`,
  `select 'sequence', schemaname, sequencename, sequenceowner, data_type, start_value, increment_by, cycle from pg_sequences`,
  `select 'sequence of', objid::regclass, refobjid::regclass, refobjsubid, deptype from pg_depend
     where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and deptype in ('a', 'i')
     and objid in (select oid from pg_class where relkind = 'S')`,
  `select 'policy', p.* from pg_policies p`,
  `select 'trigger', tgrelid::regclass, pg_get_triggerdef(oid), tgenabled from pg_trigger where not tgisinternal`,
  `select 'function', pg_get_functiondef(oid), pg_get_userbyid(proowner), proacl from pg_proc
     where pronamespace = 'public'::regnamespace`,
  `select 'default privileges', pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl
     from pg_default_acl`,
  `select 'schema', nspname, nspacl, pg_get_userbyid(nspowner) from pg_namespace where nspname !~ '^pg_(toast|temp)'`,
  `select 'type', typname, typtype from pg_type where typnamespace = 'public'::regnamespace`,
  `select 'extension', extname, extversion, extnamespace::regnamespace from pg_extension`,
];

/** The schema as text, one line per object. Equal schemas have equal lines. */
export async function catalogue(copy: Copy): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const query of queries) {
    const { rows } = await copy.query(`select row_to_json(thing)::text as line from (${query}) as thing`);
    lines.push(...rows.map(({ line }) => String(line)));
  }
  return lines.toSorted();
}

/** One hash per table over all its rows. */
export async function contents(copy: Copy, tables: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const hashes: Record<string, unknown> = {};
  for (const table of tables) {
    const { rows } = await copy.query(
      `select md5(string_agg(t::text, '|' order by t::text)) as hash from public.${table} t`,
    );
    hashes[table] = rows[0]?.['hash'];
  }
  return hashes;
}
