import { DatabaseError } from 'pg';

import { sayDuration } from '../core/kernel/duration.ts';
import { RipcordError } from '../core/kernel/errors.ts';
import type { Millis } from '../core/kernel/units.ts';
import { isUnanswered, type NameLookup } from '../system/name-lookup.ts';
import { type Address, addressOf, redact, sayAddress } from './address.ts';
import {
  NameUnanswered,
  NameUnasked,
  StatementFailed,
  StatementTimedOut,
  TargetRefused,
  TargetUnreachable,
} from './errors.ts';
import type { LoginKey } from './logins.ts';

/** The context of an error: the same SQLSTATE has another meaning during login. */
export interface Circumstances {
  readonly during: 'connecting' | 'asking';
  /** Our own session forbids writes, so a rejected write says nothing about the server. */
  readonly readOnly?: boolean;
  /** A pooler may stand between the guard and the server. */
  readonly lent?: boolean;
  /** The plan's key for the login; `url` if unknown. */
  readonly login?: LoginKey | undefined;
}

interface Place extends Address {
  readonly login: LoginKey;
}

interface Advice {
  readonly kind: typeof TargetUnreachable | typeof TargetRefused | typeof StatementFailed | typeof StatementTimedOut;
  readonly wanted: (place: Place) => string;
  readonly todo: (place: Place) => string;
}
interface SqlStateAdvice extends Advice, Partial<Omit<Circumstances, 'login'>> {
  readonly codes: RegExp;
}

const login: Advice = {
  kind: TargetRefused,
  wanted: ({ user }) => `a login as ${user} that the server accepts`,
  todo: ({ user, login: key }) =>
    `Check the user and password in the target ${key}, and the lines for ${user} in pg_hba.conf`,
};

/**
 * For the operator to paste. The blocked session rarely explains the wait; the oldest transaction usually holds the
 * lock.
 */
const oldestFirst =
  'Oldest transactions first: select pid, usename, application_name, xact_start, query from pg_stat_activity where xact_start is not null order by xact_start';

/** Maps SQLSTATEs to sentences; the first match counts (PostgreSQL manual, appendix A). */
const bySqlState: readonly SqlStateAdvice[] = [
  { codes: /^28/, ...login },
  {
    codes: /^3D000$/,
    kind: TargetRefused,
    wanted: ({ database }) => `a database named ${database}`,
    todo: ({ login: key }) => `Correct the name in the target ${key}, or create the database`,
  },
  {
    codes: /^53300$/,
    kind: TargetUnreachable,
    wanted: ({ user }) => `a free connection for ${user}`,
    todo: ({ user, database }) =>
      `End idle sessions, or raise max_connections or the connection limit of ${user} or ${database}`,
  },
  {
    codes: /^08P01$/,
    kind: TargetRefused,
    during: 'connecting',
    lent: false,
    wanted: () => 'a session that keeps its settings',
    todo: () => 'Give the address of the server itself: a connection pooler such as PgBouncer cannot stand in between',
  },
  {
    codes: /^42704$/,
    kind: TargetRefused,
    during: 'connecting',
    wanted: () => 'PostgreSQL 14 or later, which knows every setting of the guard',
    todo: ({ login: key }) => `Upgrade the server, or correct the options in the target ${key}`,
  },
  {
    codes: /^(08|57P)/,
    kind: TargetUnreachable,
    wanted: () => 'a running server that accepts connections',
    todo: () => 'See the server’s log; the guard reconnects by itself',
  },
  {
    codes: /^25006$/,
    kind: TargetRefused,
    readOnly: true,
    wanted: () => 'a statement that only reads, since this session is read-only',
    todo: () => 'Take the write out of the statement',
  },
  {
    codes: /^25006$/,
    kind: TargetRefused,
    wanted: () => 'a server that can be written to',
    todo: () => 'Give the address of the primary, not of a standby, and look at default_transaction_read_only',
  },
  {
    codes: /^42501$/,
    kind: TargetRefused,
    wanted: ({ user }) => `the permission for ${user}`,
    todo: ({ user, login: key }) => `Grant it to ${user}, or give another login in the target ${key}`,
  },
  {
    codes: /^(57014|55P03)$/,
    kind: StatementTimedOut,
    wanted: () => 'an answer in time',
    todo: () => `Find out what it waits for. ${oldestFirst}`,
  },
];

const otherwise: Record<Circumstances['during'], Advice> = {
  connecting: {
    kind: TargetRefused,
    wanted: () => 'a session',
    todo: () => 'See the server’s log for the reason',
  },
  asking: {
    kind: StatementFailed,
    wanted: () => 'a statement that the server can run',
    todo: () => 'Correct the statement, or the objects that it names',
  },
};

const network: Advice = {
  kind: TargetUnreachable,
  wanted: ({ host, port }) => `a PostgreSQL server that answers at ${host}:${port}`,
  todo: () => 'Check the address, the network between, and whether the server runs',
};
const encryption: Advice = {
  kind: TargetRefused,
  wanted: ({ login: key }) => `a connection as the sslmode of the target ${key} asks for`,
  todo: () => 'Check sslmode and certificates on both sides',
};

function adviceFor(error: unknown, { during, readOnly, lent = false }: Circumstances): Advice {
  if (error instanceof DatabaseError) {
    const code = error.code ?? '';
    const fits = (advice: SqlStateAdvice) =>
      advice.codes.test(code) &&
      (advice.during === undefined || advice.during === during) &&
      (advice.readOnly === undefined || advice.readOnly === readOnly) &&
      (advice.lent === undefined || advice.lent === lent);
    return bySqlState.find(fits) ?? otherwise[during];
  }
  const text = error instanceof Error ? `${codeOf(error) ?? ''} ${error.message}` : '';
  if (/SASL|SCRAM|password/.test(text)) return login; // messages of the driver: no password given, or an impostor server
  return /SSL|TLS|CERT|certificate/.test(text) ? encryption : network;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/**
 * An error without its own message, such as one for several addresses that were tried, uses the message of its first
 * part.
 */
function sayError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return sayError(error.errors[0]);
  return error instanceof Error ? error.message || (codeOf(error) ?? error.name) : String(error);
}

function nameUnanswered(url: string, cause?: unknown): RipcordError {
  const address = addressOf(url);
  return new NameUnanswered(sayAddress(address), address.host, cause);
}

/**
 * Turns any driver error into one sentence with facts and without the URL's password. An error that is already
 * explained stays as it is.
 */
export function explainPgError(
  error: unknown,
  url: string,
  circumstances: Circumstances = { during: 'asking' },
): RipcordError {
  if (error instanceof RipcordError) return error;
  if (isUnanswered(error)) return nameUnanswered(url, error);
  const { login: key = 'url' } = circumstances;
  const address = { ...addressOf(url), login: key };
  const { kind: Explained, wanted, todo } = adviceFor(error, circumstances);
  const [code, said] = [codeOf(error), sayError(error)];
  const message = redact(said, url);
  const found = `${sayAddress(address)}: ${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`;
  // Loggers print causes too, so a cause that repeats a secret is left out.
  const options = message === said ? { cause: error } : undefined;
  return new Explained({ found, wanted: wanted(address), todo: todo(address) }, code, options);
}

/** The server's address is not known in time; undefined if it is, so that anything else was late. */
export function noName(url: string, names: Pick<NameLookup, 'isWaiting' | 'unanswered'>): RipcordError | undefined {
  if (names.isWaiting()) return new NameUnasked(sayAddress(addressOf(url)));
  return names.unanswered() === undefined ? undefined : nameUnanswered(url);
}

export const noSession = (
  url: string,
  patience: Millis,
  names: Pick<NameLookup, 'isWaiting' | 'unanswered'>,
): RipcordError => noName(url, names) ?? explainPgError(new Error(`no session within ${sayDuration(patience)}`), url);

/** A statement was sent over a session, and nothing came back in time. */
export const noAnswer = (url: string, patience: Millis): RipcordError =>
  new StatementTimedOut({
    found: `${sayAddress(addressOf(url))}: nothing came back within ${sayDuration(patience)}`,
    wanted: 'an answer or an error from the server by then',
    todo: 'Check the network; the guard cut the connection and reconnects for the next query',
  });
