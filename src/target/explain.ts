import { DatabaseError } from 'pg';

import { RipcordError } from '../core/kernel/errors.ts';
import { type Address, addressOf, redact, sayAddress } from './address.ts';
import { StatementFailed, StatementTimedOut, TargetRefused, TargetUnreachable } from './errors.ts';
import type { LoginKey } from './logins.ts';

/** What was going on: the same SQLSTATE means another thing while logging in. */
export interface Circumstances {
  readonly during: 'connecting' | 'asking';
  /** Our own session forbids writes, so a refused write does not speak of the server. */
  readonly readOnly?: boolean;
  /** A pooler may stand in between. */
  readonly lent?: boolean;
  /** Where the plan has the login; `url` where nobody says. */
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

/** To be pasted: whoever is held up is seldom the one to ask about, and who holds is mostly the oldest. */
const oldestFirst =
  'Oldest transactions first: select pid, usename, application_name, xact_start, query from pg_stat_activity where xact_start is not null order by xact_start';

/** SQLSTATE to sentence; the first that fits counts (PostgreSQL manual, appendix A). */
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
    todo: () => 'Look at the server’s log; the guard connects again by itself',
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
    todo: () => `Look who holds it up. ${oldestFirst}`,
  },
];

const otherwise: Record<Circumstances['during'], Advice> = {
  connecting: {
    kind: TargetRefused,
    wanted: () => 'a session',
    todo: () => 'Look at the server’s log for the reason',
  },
  asking: {
    kind: StatementFailed,
    wanted: () => 'a statement that the server can run',
    todo: () => 'Correct the statement, or what it asks about',
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
  if (/SASL|SCRAM|password/.test(text)) return login; // the driver's own words: no password given, or a false server
  return /SSL|TLS|CERT|certificate/.test(text) ? encryption : network;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** An error without a text of its own, as of several addresses that were tried, speaks by its first part. */
function sayError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return sayError(error.errors[0]);
  return error instanceof Error ? error.message || (codeOf(error) ?? error.name) : String(error);
}

/** Any error of the driver as one sentence with facts and without the url's password. One already explained stays. */
export function explainPgError(
  error: unknown,
  url: string,
  circumstances: Circumstances = { during: 'asking' },
): RipcordError {
  if (error instanceof RipcordError) return error;
  const { login: key = 'url' } = circumstances;
  const address = { ...addressOf(url), login: key };
  const { kind: Explained, wanted, todo } = adviceFor(error, circumstances);
  const [code, said] = [codeOf(error), sayError(error)];
  const message = redact(said, url);
  const found = `${sayAddress(address)}: ${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`;
  // A cause is printed by loggers too, so one that repeats a secret is left out.
  const options = message === said ? { cause: error } : undefined;
  return new Explained({ found, wanted: wanted(address), todo: todo(address) }, code, options);
}
