import { createHash } from 'node:crypto';

import type { Count, StatementLook } from '../core/evidence/statements.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { HeldConnection } from '../target/connection.ts';
import { TargetError } from '../target/errors.ts';
import { quoteIdentifier } from '../target/identifiers.ts';

/** Why nobody can look at pg_stat_statements, and what would change that. */
export class NoStatements extends Error {}

export interface WhichStatements {
  /**
   * Only of these roles; when left out, of superusers, of `trusts` and of `users`. Anybody else can have a statement counted
   * under the text, and where PostgreSQL knows tables by their names (18) under the number, of the application's.
   */
  readonly of?: readonly string[] | undefined;
  /** Not of these. The guard's own are never among them. */
  readonly notOf: readonly string[];
  /** Roles, beside superusers, that may own the extension and its schema. */
  readonly trusts?: readonly string[];
  /** The application's login, where the plan has it. */
  readonly users?: readonly string[];
  /** A pattern of SQL's `like` for the text. */
  readonly like?: string | undefined;
  /** Takes the secrets out of a text before it is hashed: a short one could be guessed by the hash. */
  readonly hide?: HideText;
}

export interface LookOptions {
  readonly timeout: Millis;
  readonly signal: AbortSignal;
}

export interface StatementReader {
  /** One query on the connection given. Rejects with `NoStatements`, a TargetError, or the reason of an abort. */
  look(options: LookOptions): Promise<StatementLook>;
  /** The statement by its text, for a number that was seen; undefined when its text is not asked about. */
  statementOf(number: string): string | undefined;
}

type Asks = Pick<HeldConnection, 'query'>;

/** More statements than the usual limit of the extension: what lies beyond has taken the least time. */
const mostStatements = 5_000;
/** Of a text; longer ones that differ only later count as one. */
const longestText = 4_096;

/**
 * Whoever owns the schema or the extension could drop it between this question and the next, and put a function of their own
 * in its place; so they must be trusted. What bears the names of the extension's function and view is asked only
 * where it belongs to the extension.
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

/** The schema of the extension; rejects with what is missing before anybody can look. */
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
      `what is named pg_stat_statements in schema ${quoteIdentifier(schema)} does not belong to the extension: drop extension pg_stat_statements, then create it again`,
    );
  }
  if (typeof others === 'string') {
    throw new NoStatements(
      `${others} could put something else in the place of pg_stat_statements in schema ${quoteIdentifier(schema)}: give the schema and the extension to a superuser, or name the role in target.trusts`,
    );
  }
  if (reads !== 't') {
    const grant = `grant pg_read_all_stats to ${quoteIdentifier(user ?? '')}`;
    throw new NoStatements(`the guard may not see what others ask: ${grant}`);
  }
  return quoteIdentifier(schema);
}

/** Whose statements count: these roles ($1), and superusers where $3 says so; never those of $2, nor the guard's own. */
const callers = `
  caller as materialized (
    select oid, rolname, rolname = any ($1::name[]) or $3::bool and rolsuper as counts
    from pg_roles where rolname <> all ($2::name[]) and rolname <> current_user)`;

/** How many of those whose statements do not count are named. */
const mostOthers = 3;

/**
 * Without the texts, which lie in a file that the server would read whole. Where the plan does not say whose statements
 * count, also who else asked most.
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

/** Of the same number others may have another text. */
const textsQuestion = (schema: string): string => `
  with ${callers}
  select s.queryid, min(left(s.query, ${longestText})), bool_or($5::text is null or s.query like $5)
  from ${schema}.pg_stat_statements(true) s join caller on caller.oid = s.userid and caller.counts
  where s.queryid = any ($4::bigint[]) and s.dbid = (select oid from pg_database where datname = current_database())
  group by s.queryid`;

/** Of the same statement the server keeps the text that came first, so spaces and comments may differ after a reset. */
const normalised = (text: string): string =>
  text
    .replaceAll(/\/\*.*?\*\/|\s+/gs, ' ')
    .replaceAll(/ +/g, ' ')
    .trim();
const hashOf = (text: string): string => createHash('sha256').update(normalised(text)).digest('hex').slice(0, 16);

/** What an error of the server means here. */
const explained = (error: unknown): unknown =>
  error instanceof TargetError && error.code === '55000'
    ? new NoStatements(
        'the server does not count statements: add pg_stat_statements to shared_preload_libraries and restart it',
      )
    : error;

/**
 * Reads the statements of the guarded database. Only the first look, and one that meets statements never seen before, asks
 * a second time, for their texts.
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
    for (const number of numbers) statements.set(number, undefined); // one that vanished in between is asked no more
    for (const [number, text, wanted] of rows) {
      if (wanted === 't') statements.set(number ?? '', hashOf(hide(text ?? '')));
    }
  };

  /** The last two looks are all that is ever compared. */
  const forgetOthers = (counts: ReadonlyMap<string, Count>) => {
    for (const number of statements.keys()) {
      if (!counts.has(number) && !lastCounts.has(number)) statements.delete(number);
    }
    lastCounts = counts;
  };

  const read = async (options: LookOptions): Promise<StatementLook> => {
    const schema = await findSchema(asks, trusts, options); // each time: what bears its name may be somebody else's by now
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
