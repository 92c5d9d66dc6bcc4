import { usualRoles } from '../../core/plan/logins.ts';
import type { Scope } from '../check.ts';

type Named = Pick<Scope, 'server' | 'watchRoles' | 'exposedSchemas'>;

/** The plan's roles, or the usual ones if it names none; only those that the server has. */
export const watchedRoles = ({ watchRoles, server }: Named): readonly string[] =>
  (watchRoles.length > 0 ? watchRoles : usualRoles).filter((role) => server.roles.has(role));

export const exposedSchemas = ({ exposedSchemas: named, server }: Named): readonly string[] =>
  named.filter((schema) => server.schemas.has(schema));

/** The watched roles, and those of the plan's identities. */
export const watchedOrTried = (scope: Named & Pick<Scope, 'identities'>): readonly string[] => [
  ...new Set([...watchedRoles(scope), ...scope.identities.map(({ role }) => role)]),
];

const absent = (kind: string, name: string, where: string) => `the server has no ${kind} ${name}, which ${where} names`;

/** A role or schema that does not exist has no access and no tables, so a misspelt name would seem to be well. */
export function missingRole({ watchRoles, server }: Named): string | undefined {
  const role = watchRoles.find((name) => !server.roles.has(name));
  return role === undefined ? undefined : absent('role', role, 'criteria.security.watch_roles');
}

export function missingSchema({ exposedSchemas: named, server }: Named): string | undefined {
  const schema = named.find((name) => !server.schemas.has(name));
  return schema === undefined ? undefined : absent('schema', schema, 'criteria.security.exposed_schemas');
}

/** Every role, as PostgreSQL and the plan name it. */
export const everybody = 'PUBLIC';
export const sayRole = (role: string): string => (role === 'public' ? everybody : role);

/** What a mapping in a phase's effects declares for a role. PUBLIC may be written in either way. */
export const wordsFor = (
  mapping: Readonly<Record<string, readonly string[]>>,
  role: string,
): readonly string[] | undefined => {
  const own = (name: string) => (Object.hasOwn(mapping, name) ? mapping[name] : undefined); // a role may be called constructor
  return role === everybody ? (own(everybody) ?? own('public')) : own(role);
};

/** Whether one of the words allows this command or privilege. */
export const includesWord = (words: readonly string[] | undefined, word: string): boolean =>
  words?.some((one) => one === word || one === 'all') ?? false;
