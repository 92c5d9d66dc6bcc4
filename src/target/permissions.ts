import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { heldConnection, type HeldConnection } from './connection.ts';
import { quoteIdentifier } from './identifiers.ts';
import { excessOf, type LoginKind } from './login-excess.ts';
import { type LoginFacts, lookAtLogin } from './login-facts.ts';
import { type Login, reachLogin, readLogin } from './logins.ts';
import { asksOfItself, type OfServer } from './session-kinds.ts';

type Target = EnvironmentPlan['target'];
type Asked = Pick<HeldConnection, 'query'>;

/** What a rollback needs from the server, checked before the run. */
export interface Needs {
  /** The role whose sessions are ended to stop forward work. */
  readonly role?: string | undefined;
}

const question = `
  select current_user,
         pg_has_role('pg_signal_backend', 'usage') or (select rolsuper from pg_roles where rolname = current_user),
         pg_has_role('pg_read_all_stats', 'usage') or (select rolsuper from pg_roles where rolname = current_user),
         exists (select from pg_roles where rolname = $1)`;

/** Grants that the guard lacks to stop a phase's work, one sentence each with the statement to run. */
export async function missingGrants(connection: Asked, { role }: Needs): Promise<readonly string[]> {
  const { rows } = await connection.query(question, [role ?? null]);
  const [[user, signals, reads, exists] = []] = rows;
  const guard = quoteIdentifier(user ?? '');
  return [
    ...(signals === 't' ? [] : [`the guard may not end sessions: grant pg_signal_backend to ${guard}`]),
    ...(reads === 't' ? [] : [`the guard cannot see what sessions do: grant pg_monitor to ${guard}`]),
    ...(role === undefined || exists === 't'
      ? []
      : [`the server has no role ${quoteIdentifier(role)}, which role_for_phases names`]),
  ];
}

/** What is wrong with the logins, one sentence each with the statement to run. */
export interface Logins {
  /** Rights beyond a login's purpose. No work starts with these. */
  readonly excess: readonly string[];
  /** What the reading login cannot see. */
  readonly missing: readonly string[];
}

const purposes: Readonly<Record<LoginKind, string>> = {
  watching: 'watch, and end sessions',
  reading: 'read',
  trying: 'act as the watched roles',
};

/** The most statements in one sentence. */
const mostStatements = 10;

const superuser = (role: string, key: string): string =>
  `${role}, the login of ${key}, is a superuser: give the guard logins of its own (docs/operating.md has the grants), or for local development set target.allow_superuser: true`;

function sayExcess(kind: LoginKind, key: string, facts: LoginFacts, watched: readonly string[]): readonly string[] {
  const statements = excessOf(facts, { kind, watched });
  const own = `${quoteIdentifier(facts.role)}, the login of ${key}, may do more than ${purposes[kind]}`;
  const more = statements.length > mostStatements ? ', then check again: there are more' : '';
  return statements.length === 0
    ? []
    : [`${own}; as a superuser, run: ${statements.slice(0, mostStatements).join('; ')}${more}`];
}

function missingFor({ role, has, attributes }: LoginFacts): readonly string[] {
  const reader = quoteIdentifier(role);
  return [
    ...(has.includes('pg_read_all_data')
      ? []
      : [`the login of read_url does not see every table: grant pg_read_all_data to ${reader}`]),
    ...(attributes.includes('bypassrls')
      ? []
      : [`row level security would hide rows from the login of read_url: alter role ${reader} bypassrls`]),
  ];
}

async function factsOf(login: Login & OfServer, granted?: readonly string[]): Promise<LoginFacts> {
  await using connection = heldConnection(asksOfItself(login));
  const { signal } = login;
  signal?.throwIfAborted();
  const end = () => void connection.close().catch(() => undefined); // whoever waits for its answer is told
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await lookAtLogin(connection, granted);
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/**
 * What the logins of a target may do. A single login for watching and reading may do what both need. A superuser may do
 * everything, and only the plan can allow that. Rejects with a TargetError if one of the logins cannot log in.
 */
export async function lookAtLogins(
  control: Asked,
  target: Target & OfServer,
  watched: readonly string[],
): Promise<Logins> {
  const separated = target.read_url !== undefined;
  const { signal } = target;
  const at = { signal, ...(target.server !== undefined && { server: target.server }) };
  const [watching, reading, trying] = await Promise.all([
    lookAtLogin(control),
    separated ? factsOf({ ...readLogin(target), ...at }, ['SELECT']) : undefined, // it may be granted table by table
    target.reach_url === undefined ? undefined : factsOf({ ...reachLogin(target), ...at }),
  ]);
  const judged = [
    { kind: 'watching', key: 'url', facts: watching, isOne: !separated },
    { kind: 'reading', key: 'read_url', facts: reading, isOne: false },
    { kind: 'trying', key: 'reach_url', facts: trying, isOne: false },
  ] as const;
  const excess = judged.flatMap(({ kind, key, facts, isOne }) => {
    if (facts === undefined) return [];
    if (facts.isSuper) return target.allow_superuser ? [] : [superuser(quoteIdentifier(facts.role), key)];
    return isOne ? [] : sayExcess(kind, key, facts, watched);
  });
  return { excess, missing: reading === undefined || reading.isSuper ? [] : missingFor(reading) };
}

/** Schemas of the plan's path that do not exist in the database, by their positions in the path. */
export const missingSchemas = (control: Asked, path: readonly string[]): Promise<readonly number[]> =>
  missing(control, path, 'select from pg_namespace where nspname = name');

/** The positions in the list of roles that do not exist on the server. */
export const missingRoles = (control: Asked, names: readonly string[]): Promise<readonly number[]> =>
  missing(control, names, 'select from pg_roles where rolname = name');

async function missing(control: Asked, names: readonly string[], there: string): Promise<readonly number[]> {
  if (names.length === 0) return [];
  const { rows } = await control.query(
    `select at - 1 from unnest($1::text[]) with ordinality wanted (name, at) where not exists (${there}) order by at`,
    [names],
  );
  return rows.map(([at]) => Number(at));
}
