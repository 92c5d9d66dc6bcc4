import { type Millis, millis } from '../core/kernel/units.ts';
import { addressOf, parseUrl, sayAddress } from './address.ts';
import { TargetRefused } from './errors.ts';
import type { RequiredServer } from './expected-server.ts';
import { quoteIdentifier } from './identifiers.ts';
import type { LoginKey } from './logins.ts';

export interface SessionOptions {
  readonly url: string;
  /** Where the plan has it, for whoever reads why it was refused; `url` when left out. */
  readonly login?: LoginKey;
  /** The session calls itself `ripcord NAME`, or `ripcord` for an empty name: so it is known in pg_stat_activity. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly statementTimeout: Millis;
  /**
   * The session may be one that a pooler lends from one transaction to the next: nothing is set for the whole of it. Who
   * asks sets within each transaction what it needs.
   */
  readonly lent?: boolean;
  /** A statement that row level security would give only some rows is refused: what it hides must not seem to be well. */
  readonly seesAllRows?: boolean;
  /**
   * Where the plan's own SQL looks up names without a schema, after pg_catalog. Left out for a session that asks
   * Ripcord's own questions: there only what PostgreSQL itself made is found.
   */
  readonly searchPath?: readonly string[];
  /** The guard's logins: a session that calls itself as the guard's do is one of them only with one of these. */
  readonly guardLogins?: readonly string[];
  /**
   * Each statement runs in an explicit read-only transaction that is undone, and the session's role and settings are
   * compared afterwards: for sessions that read what users own.
   */
  readonly readsUserData?: boolean;
  /** Asked of the new session, before anything else is; left out only where nobody knows yet what is expected. */
  readonly server?: RequiredServer;
  /** Told when the session is over, however it ended. */
  readonly onEnd?: () => void;
  /** Told the wall time of every query and every connect: what the guard costs the target. */
  readonly cost?: (spent: Millis) => void;
}

/** How long any statement of the guard waits for a lock. */
export const lockTimeout = millis(500);

/** Settings of a url that would weaken ours. */
const overridden = ['fallback_application_name', 'statement_timeout', 'lock_timeout', 'query_timeout'];

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/**
 * Settings that change how names and values are printed, read or compared (PostgreSQL manual, "Client Connection
 * Defaults", "Version and Platform Compatibility"). Anybody who may alter the database or the login could set them.
 */
const pinned = {
  role: 'none',
  quote_all_identifiers: 'off',
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  timezone_abbreviations: 'Default',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  xmlbinary: 'base64',
  xmloption: 'content',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  escape_string_warning: 'on',
  transform_null_equals: 'off',
  gin_fuzzy_search_limit: '0',
  default_transaction_isolation: 'read\\ committed',
  default_transaction_deferrable: 'off',
  client_min_messages: 'warning',
  idle_in_transaction_session_timeout: '120s',
};

/** As `search_path` takes it. pg_catalog comes first and pg_temp last, so that neither is searched where nobody expects it. */
export const searchPathOf = (schemas: readonly string[] = []): string =>
  ['pg_catalog', ...schemas.map(quoteIdentifier), 'pg_temp'].join(',');

/** A space or backslash in `options` ends a word unless a backslash stands before it (libpq, "options"). */
const escaped = (value: string): string => value.replaceAll(/[\\ ]/g, '\\$&');

/** Settings go into the start-up message: a pooler that cannot keep them refuses it, instead of handing them to others. */
export function sessionUrl(asked: SessionOptions): string {
  const { url, name, readOnly, statementTimeout, lent, seesAllRows, searchPath, guardLogins = [] } = asked;
  const parsed = parseUrl(url);
  for (const parameter of overridden) parsed.searchParams.delete(parameter);
  parsed.searchParams.set('application_name', `ripcord ${name}`.trim());
  if (lent === true) return parsed.href;
  const settings = {
    ...pinned,
    search_path: escaped(searchPathOf(searchPath)),
    'ripcord.logins': escaped(guardLogins.filter((login) => !login.includes('|')).join('|')),
    default_transaction_read_only: onOff(readOnly),
    lock_timeout: lockTimeout,
    statement_timeout: Math.ceil(statementTimeout),
    idle_session_timeout: 0,
    row_security: onOff(seesAllRows !== true),
    jit: 'off', // compiling costs more than the guard's short questions take
    // The server ends a session whose guard is cut off, and frees its locks, within half a minute.
    tcp_keepalives_idle: 10,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 3,
  };
  const options = Object.entries(settings).map(([setting, value]) => `-c ${setting}=${value}`);
  parsed.searchParams.set('options', [parsed.searchParams.get('options') ?? '', ...options].join(' ').trim());
  return parsed.href;
}

const compared = [
  'lock_timeout',
  'default_transaction_read_only',
  'search_path',
  'row_security',
  'default_transaction_isolation',
  'transform_null_equals',
  'TimeZone',
  'DateStyle',
] as const;

/**
 * What a session is: asked once it is there, and again after each statement that reads what users own. The plan's path may
 * be in force, so every name says its schema.
 */
export const settingsQuery = `select pg_catalog.pg_backend_pid(), session_user, current_user, ${compared
  .map((name) => `pg_catalog.current_setting('${name}')`)
  .join(', ')}`;

export const settingsCount = 3 + compared.length;

/** What a session said of itself: its process, its roles, and its settings. */
export type SessionState = readonly (string | null)[];

/** A pooler told to ignore the settings would lend us a session that may write and waits for ever. */
export function requireSettings({ url, readOnly }: SessionOptions, state: SessionState): void {
  const [, session, current, lock, only] = state;
  const found = `${sayAddress(addressOf(url))}: lock_timeout is ${lock}, default_transaction_read_only is ${only}, the role is ${current}`;
  const wanted = `${lockTimeout}ms, ${onOff(readOnly)} and ${session}`;
  if (lock === `${lockTimeout}ms` && only === onOff(readOnly) && current === session) return;
  throw new TargetRefused({
    found,
    wanted: `${wanted}, as the guard set them`,
    todo: 'Give the address of the server itself: a connection pooler such as PgBouncer cannot stand in between',
  });
}

/** Somebody's code ran in a session of the guard, or the server mixed up two. What was answered does not count. */
export const sessionChanged = (url: string, before: SessionState, after: SessionState | undefined): TargetRefused =>
  new TargetRefused({
    found: `${sayAddress(addressOf(url))}: a statement changed the session: it was ${before.slice(1).join(', ')} and is ${after?.slice(1).join(', ') ?? 'silent'}`,
    wanted: 'a statement that only reads',
    todo: 'Look which function the statement calls, and who owns it; the answer was thrown away and the session ended',
  });
