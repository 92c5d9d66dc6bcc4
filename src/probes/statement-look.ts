import { createHash } from 'node:crypto';

import type { Count, StatementLook } from '../core/evidence/statements.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { HeldConnection } from '../target/connection.ts';
import { TargetError } from '../target/errors.ts';
import { quoteIdentifier } from '../target/identifiers.ts';

/** Why nobody can look at pg_stat_statements, and what would change that. */
export class NoStatements extends Error {}

export interface WhichStatements {
  /** Only of these roles; of all when left out. */
  readonly of?: readonly string[] | undefined;
  /** Not of these. The guard's own are never among them. */
  readonly notOf: readonly string[];
  /** A pattern of SQL's `like` for the text. */
  readonly like?: string | undefined;
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

const sightQuestion = `
  select current_user, n.nspname, e.extversion,
         pg_has_role('pg_read_all_stats', 'usage') or (select rolsuper from pg_roles where rolname = current_user)
  from (select 1) as one
  left join pg_extension e on e.extname = 'pg_stat_statements'
  left join pg_namespace n on n.oid = e.extnamespace`;

const isOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 1 || (major === 1 && minor < 9);
};

/** The schema of the extension; rejects with what is missing before anybody can look. */
async function findSchema(asks: Asks, options: LookOptions): Promise<string> {
  const { rows } = await asks.query(sightQuestion, [], options);
  const [[user, schema, version, reads] = []] = rows;
  if (schema === null || schema === undefined) {
    throw new NoStatements('pg_stat_statements is not in this database: create extension pg_stat_statements');
  }
  if (isOld(version ?? '')) {
    throw new NoStatements(
      `pg_stat_statements is at ${version}, wanted 1.9 or later: alter extension pg_stat_statements update`,
    );
  }
  if (reads !== 't') {
    const grant = `grant pg_read_all_stats to ${quoteIdentifier(user ?? '')}`;
    throw new NoStatements(`the guard may not see what others ask: ${grant}`);
  }
  return quoteIdentifier(schema);
}

/** Without the texts, which lie in a file that the server would read whole. */
const countsQuestion = (schema: string): string => `
  select pg_postmaster_start_time(), i.stats_reset, s.queryid, s.calls, s.ms
  from ${schema}.pg_stat_statements_info i
  left join (
    select queryid, sum(calls) as calls, sum(total_exec_time) as ms
    from ${schema}.pg_stat_statements(false)
    where dbid = (select oid from pg_database where datname = current_database())
      and toplevel and queryid is not null and calls > 0
      and userid <> (select oid from pg_roles where rolname = current_user)
      and ($1::text[] is null or userid in (select oid from pg_roles where rolname = any ($1)))
      and userid not in (select oid from pg_roles where rolname = any ($2))
    group by queryid
    order by ms desc
    limit ${mostStatements}
  ) s on true`;

const textsQuestion = (schema: string): string => `
  select queryid, min(left(query, ${longestText})), bool_or($2::text is null or query like $2)
  from ${schema}.pg_stat_statements(true)
  where queryid = any ($1::bigint[]) and dbid = (select oid from pg_database where datname = current_database())
  group by queryid`;

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
export function statementReader(asks: Asks, { of, notOf, like }: WhichStatements): StatementReader {
  const statements = new Map<string, string | undefined>();
  let lastCounts: ReadonlyMap<string, Count> = new Map();
  let schema: string | undefined;

  const learnTexts = async (numbers: readonly string[], from: string, options: LookOptions) => {
    if (numbers.length === 0) return;
    const { rows } = await asks.query(textsQuestion(from), [numbers, like ?? null], options);
    for (const number of numbers) statements.set(number, undefined); // one that vanished in between is asked no more
    for (const [number, text, wanted] of rows) {
      if (wanted === 't') statements.set(number ?? '', hashOf(text ?? ''));
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
    schema ??= await findSchema(asks, options);
    const { rows } = await asks.query(countsQuestion(schema), [of ?? null, notOf], options);
    const [[startedAt, resetAt] = []] = rows;
    const counts = new Map<string, Count>();
    for (const [, , number, calls, ms] of rows) {
      if (number !== null && number !== undefined) counts.set(number, { calls: Number(calls), ms: Number(ms) });
    }
    const unknown = [...counts.keys()].filter((number) => !statements.has(number));
    await learnTexts(unknown, schema, options);
    forgetOthers(counts);
    return { startedAt: startedAt ?? '', resetAt: resetAt ?? '', counts };
  };

  return {
    async look(options) {
      try {
        return await read(options);
      } catch (error) {
        schema = undefined; // another server, or another day
        throw explained(error);
      }
    },
    statementOf: (number) => statements.get(number),
  };
}
