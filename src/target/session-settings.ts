import { type Millis, millis } from '../core/kernel/units.ts';
import { addressOf, parseUrl, sayAddress } from './address.ts';
import { TargetRefused } from './errors.ts';
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
  /** Told the wall time of every query and every connect: what the guard costs the target. */
  readonly cost?: (spent: Millis) => void;
}

/** How long any statement of the guard waits for a lock. */
export const lockTimeout = millis(500);

/** Settings of a url that would weaken ours. */
const overridden = ['fallback_application_name', 'statement_timeout', 'lock_timeout', 'query_timeout'];

const onOff = (value: boolean): string => (value ? 'on' : 'off');

/** Settings go into the start-up message: a pooler that cannot keep them refuses it, instead of handing them to others. */
export function sessionUrl({ url, name, readOnly, statementTimeout, lent, seesAllRows }: SessionOptions): string {
  const parsed = parseUrl(url);
  for (const parameter of overridden) parsed.searchParams.delete(parameter);
  parsed.searchParams.set('application_name', `ripcord ${name}`.trim());
  if (lent === true) return parsed.href;
  const settings = {
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

export const settingsQuery =
  "select pg_backend_pid(), current_setting('lock_timeout'), current_setting('default_transaction_read_only')";

/** A pooler told to ignore the settings would lend us a session that may write and waits for ever. */
export function requireSettings(
  { url, readOnly }: SessionOptions,
  lock: string | null | undefined,
  only: string | null | undefined,
): void {
  const wanted = [`${lockTimeout}ms`, onOff(readOnly)];
  if (lock === wanted[0] && only === wanted[1]) return;
  throw new TargetRefused({
    found: `${sayAddress(addressOf(url))}: lock_timeout is ${lock}, default_transaction_read_only is ${only}`,
    wanted: `${wanted.join(' and ')}, as the guard set them`,
    todo: 'Give the address of the server itself: a connection pooler such as PgBouncer cannot stand in between',
  });
}
