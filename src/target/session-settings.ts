import { type Millis, millis } from '../core/kernel/units.ts';
import { addressOf, parseUrl, requireTlsFiles, sayAddress } from './address.ts';
import { TargetRefused } from './errors.ts';
import type { RequiredServer } from './expected-server.ts';
import { quoteIdentifier } from './identifiers.ts';
import type { LoginKey } from './logins.ts';

export interface SessionOptions {
  readonly url: string;
  /** The plan's key for the login, shown if the login is rejected; `url` if left out. */
  readonly login?: LoginKey;
  /** The session is named `ripcord NAME`, or `ripcord` for an empty name, in pg_stat_activity. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly statementTimeout: Millis;
  /**
   * The session may be one that a pooler lends from one transaction to the next, so no setting applies to the whole
   * session. The caller sets what it needs in each transaction.
   */
  readonly lent?: boolean;
  /**
   * Rejects a statement for which row-level security would hide rows: hidden rows must not look as if all were well.
   */
  readonly seesAllRows?: boolean;
  /**
   * Where the plan's own SQL looks up unqualified names, after pg_catalog. Left out for sessions with Ripcord's own
   * queries, which find only built-in objects.
   */
  readonly searchPath?: readonly string[];
  /** The guard's logins. A session with a guard's name belongs to the guard only with one of these logins. */
  readonly guardLogins?: readonly string[];
  /**
   * Runs each statement in an explicit read-only transaction that is rolled back, and then compares the session's role
   * and settings. For sessions that read user data.
   */
  readonly readsUserData?: boolean;
  /** Checked in the new session before anything else; left out only if the expected server is not known yet. */
  readonly server?: RequiredServer;
  /** Called when the session is over, however it ended. */
  readonly onEnd?: () => void;
  /** Receives the wall time of every query and connect: the guard's cost to the target. */
  readonly cost?: (spent: Millis) => void;
}

/** How long any statement of the guard waits for a lock. */
export const lockTimeout = millis(500);

/** URL settings that would weaken ours. */
const overridden = ['fallback_application_name', 'statement_timeout', 'lock_timeout', 'query_timeout'];

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/**
 * Settings that change how names and values are printed, read or compared (PostgreSQL manual, "Client Connection
 * Defaults", "Version and Platform Compatibility"). Anyone who may alter the database or the login could set them.
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

/**
 * In the syntax of `search_path`. pg_catalog comes first and pg_temp last, so that neither is searched at an unexpected
 * place.
 */
export const searchPathOf = (schemas: readonly string[] = []): string =>
  ['pg_catalog', ...schemas.map(quoteIdentifier), 'pg_temp'].join(',');

/** In `options`, a space or backslash ends a word unless a backslash precedes it (libpq, "options"). */
const escaped = (value: string): string => value.replaceAll(/[\\ ]/g, '\\$&');

/**
 * Settings go into the start-up message. A pooler that cannot keep them rejects it, instead of passing them on to other
 * clients.
 */
export function sessionUrl(asked: SessionOptions): string {
  const { url, name, readOnly, statementTimeout, lent, seesAllRows, searchPath, guardLogins = [] } = asked;
  const parsed = parseUrl(url);
  requireTlsFiles(parsed);
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
    jit: 'off', // compiling costs more than the guard's short queries take
    // If the guard is cut off, the server ends its session and frees its locks within half a minute.
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
 * What a session is: read when it is new, and again after each statement that reads user data. The plan's search path
 * may be in force, so every name is schema-qualified.
 */
export const settingsQuery = `select pg_catalog.pg_backend_pid(), session_user, current_user, ${compared
  .map((name) => `pg_catalog.current_setting('${name}')`)
  .join(', ')}`;

export const settingsCount = 3 + compared.length;

/** A session's own report: its process, its roles and its settings. */
export type SessionState = readonly (string | null)[];

/** A pooler that ignores the settings would lend us a session that may write and waits for locks forever. */
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

/** Someone's code ran in a session of the guard, or the server mixed up two sessions. The answer does not count. */
export const sessionChanged = (url: string, before: SessionState, after: SessionState | undefined): TargetRefused =>
  new TargetRefused({
    found: `${sayAddress(addressOf(url))}: a statement changed the session: it was ${before.slice(1).join(', ')} and is ${after?.slice(1).join(', ') ?? 'silent'}`,
    wanted: 'a statement that only reads',
    todo: 'Find out which function the statement calls and who owns it; the guard discarded the answer and ended the session',
  });
