import { createHash } from 'node:crypto';

import type { Count, StatementLook } from '../core/evidence/statements.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { HeldConnection } from '../target/connection.ts';
import { TargetError } from '../target/errors.ts';
import { quoteIdentifier } from '../target/identifiers.ts';

/** Why the guard cannot read pg_stat_statements, and how to fix it. */
export class NoStatements extends Error {}

export interface WhichStatements {
  /**
   * Counts only statements of these roles. The default is superusers, `trusts` and `users`. Any other role could run a
   * statement with the text of an application's statement. PostgreSQL 18 identifies tables by name, so it could even have the
   * same query id.
   */
  readonly of?: readonly string[] | undefined;
  /** Excludes statements of these roles. The guard's own statements are always excluded. */
  readonly notOf: readonly string[];
  /** Roles that may own the extension and its schema, in addition to superusers. */
  readonly trusts?: readonly string[];
  /** The application's login, if the plan names it. */
  readonly users?: readonly string[];
  /** A SQL `like` pattern for the text. */
  readonly like?: string | undefined;
  /** Removes secrets from a text before it is hashed, because a short secret could be guessed from the hash. */
  readonly hide?: HideText;
}

export interface LookOptions {
  readonly timeout: Millis;
  readonly signal: AbortSignal;
}

export interface StatementReader {
  /** Reads the statistics on the given connection. Rejects with `NoStatements`, a TargetError, or the abort reason. */
  look(options: LookOptions): Promise<StatementLook>;
  /** Maps a query id to the hash of its text; undefined if the text does not match `like`. */
  statementOf(number: string): string | undefined;
}

type Asks = Pick<HeldConnection, 'query'>;

/** The extension's default limit. Statements beyond it have taken the least time. */
const mostStatements = 5_000;
/** Texts that differ only after this many characters count as one statement. */
const longestText = 4_096;

/**
 * The owner of the schema or of the extension could drop it between this query and the next, and put their own function in
 * its place, so the owner must be trusted. The function and the view are used only if they belong to the extension.
 */
const sightQuestion = `
  select current_user, n.nspname, e.extversion,
         pg_has_role('pg_read_all_stats', 'usage') or (select rolsuper from pg_roles where rolname = current_user),
         (select count(*) from pg_depend d
            left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
            left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
          where d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
            and (p.proname = 'pg_stat_statements' and p.pronamespace = n.oid
              or c.relname = 'pg_stat_statements_info' and c.relnamespace = n.oid)) = 2,
         (select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) from pg_roles r
          where not r.rolsuper and r.rolname <> all ($1::name[])
            and r.rolname <> 'pg_database_owner' and (r.oid in (n.nspowner, e.extowner)
              or r.oid = d.datdba and pg_get_userbyid(n.nspowner) = 'pg_database_owner'))
  from (select 1) as one
  left join pg_extension e on e.extname = 'pg_stat_statements'
  left join pg_namespace n on n.oid = e.extnamespace
  join pg_database d on d.datname = current_database()`;

const isOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 1 || (major === 1 && minor < 9);
};

/** The quoted schema of the extension. Rejects with what prevents the guard from reading it. */
async function findSchema(asks: Asks, trusts: readonly string[], options: LookOptions): Promise<string> {
  const { rows } = await asks.query(sightQuestion, [trusts], options);
  const [[user, schema, version, reads, belongs, others] = []] = rows;
  if (schema === null || schema === undefined) {
    throw new NoStatements('pg_stat_statements is not in this database: create extension pg_stat_statements');
  }
  if (isOld(version ?? '')) {
    throw new NoStatements(
      `pg_stat_statements is at ${version}, wanted 1.9 or later: alter extension pg_stat_statements update`,
    );
  }
  if (belongs !== 't') {
    throw new NoStatements(
      `pg_stat_statements in schema ${quoteIdentifier(schema)} does not belong to the extension of that name: drop extension pg_stat_statements, then create it again`,
    );
  }
  if (typeof others === 'string') {
    throw new NoStatements(
      `${others} could replace pg_stat_statements in schema ${quoteIdentifier(schema)}: make a superuser the owner of the schema and the extension, or name the role in target.trusts`,
    );
  }
  if (reads !== 't') {
    const grant = `grant pg_read_all_stats to ${quoteIdentifier(user ?? '')}`;
    throw new NoStatements(`the guard cannot see other roles’ statements: ${grant}`);
  }
  return quoteIdentifier(schema);
}

/** Statements of the roles in $1 count, and those of superusers if $3 is true. Those of $2 and the guard's own never do. */
const callers = `
  caller as materialized (
    select oid, rolname, rolname = any ($1::name[]) or $3::bool and rolsuper as counts
    from pg_roles where rolname <> all ($2::name[]) and rolname <> current_user)`;

/** How many roles are named whose statements do not count. */
const mostOthers = 3;

/**
 * Reads no texts, because the server would read their whole file. If the plan does not say whose statements count, it also
 * reads which other roles ran the most.
 */
const countsQuestion = (schema: string): string => `
  with ${callers}, seen as materialized (
    select s.queryid, s.calls, s.total_exec_time, caller.rolname, caller.counts
    from ${schema}.pg_stat_statements(false) s join caller on caller.oid = s.userid
    where s.dbid = (select oid from pg_database where datname = current_database())
      and s.toplevel and s.queryid is not null and s.calls > 0)
  select pg_postmaster_start_time(), i.stats_reset, s.queryid, s.calls, s.ms, s.other
  from ${schema}.pg_stat_statements_info i
  left join (
    (select queryid, sum(calls) as calls, sum(total_exec_time) as ms, null as other from seen where counts
     group by queryid order by ms desc limit ${mostStatements})
    union all
    (select null, sum(calls) as calls, null, quote_ident(rolname) from seen where $3 and not counts
     group by rolname order by calls desc limit ${mostOthers})
  ) s on true`;

/** Roles that do not count may have another text for the same query id. */
const textsQuestion = (schema: string): string => `
  with ${callers}
  select s.queryid, min(left(s.query, ${longestText})), bool_or($5::text is null or s.query like $5)
  from ${schema}.pg_stat_statements(true) s join caller on caller.oid = s.userid and caller.counts
  where s.queryid = any ($4::bigint[]) and s.dbid = (select oid from pg_database where datname = current_database())
  group by s.queryid`;

/** The server keeps the first text that it sees of a statement, so spaces and comments may differ after a reset. */
const normalised = (text: string): string =>
  text
    .replaceAll(/\/\*.*?\*\/|\s+/gs, ' ')
    .replaceAll(/ +/g, ' ')
    .trim();
const hashOf = (text: string): string => createHash('sha256').update(normalised(text)).digest('hex').slice(0, 16);

/** Translates the server's error if the extension is not loaded. */
const explained = (error: unknown): unknown =>
  error instanceof TargetError && error.code === '55000'
    ? new NoStatements(
        'the server does not count statements: add pg_stat_statements to shared_preload_libraries and restart it',
      )
    : error;

/**
 * Reads the statements of the guarded database. A second query, for the texts, runs only if there are statements that were
 * never seen before, as in the first read.
 */
export function statementReader(
  asks: Asks,
  { of, notOf, like, trusts = [], users = [], hide = (text) => text }: WhichStatements,
): StatementReader {
  const whose = [of ?? [...trusts, ...users], notOf, of === undefined];
  const statements = new Map<string, string | undefined>();
  let lastCounts: ReadonlyMap<string, Count> = new Map();
  const learnTexts = async (numbers: readonly string[], from: string, options: LookOptions) => {
    if (numbers.length === 0) return;
    const { rows } = await asks.query(textsQuestion(from), [...whose, numbers, like ?? null], options);
    for (const number of numbers) statements.set(number, undefined); // a vanished one is not queried again
    for (const [number, text, wanted] of rows) {
      if (wanted === 't') statements.set(number ?? '', hashOf(hide(text ?? '')));
    }
  };

  /** Only the last two reads are ever compared. */
  const forgetOthers = (counts: ReadonlyMap<string, Count>) => {
    for (const number of statements.keys()) {
      if (!counts.has(number) && !lastCounts.has(number)) statements.delete(number);
    }
    lastCounts = counts;
  };

  const read = async (options: LookOptions): Promise<StatementLook> => {
    const schema = await findSchema(asks, trusts, options); // every time: its name may belong to another object by now
    const { rows } = await asks.query(countsQuestion(schema), whose, options);
    const [[startedAt, resetAt] = []] = rows;
    const counts = new Map<string, Count>();
    const others = new Map<string, number>();
    for (const [, , number, calls, ms, other] of rows) {
      if (typeof other === 'string') others.set(other, Number(calls));
      if (number !== null && number !== undefined) counts.set(number, { calls: Number(calls), ms: Number(ms) });
    }
    const unknown = [...counts.keys()].filter((number) => !statements.has(number));
    await learnTexts(unknown, schema, options);
    forgetOthers(counts);
    return { startedAt: startedAt ?? '', resetAt: resetAt ?? '', counts, others };
  };

  return {
    async look(options) {
      try {
        return await read(options);
      } catch (error) {
        throw explained(error);
      }
    },
    statementOf: (number) => statements.get(number),
  };
}
