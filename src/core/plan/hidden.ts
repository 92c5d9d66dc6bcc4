import { shortestSecret } from '../kernel/secret-forms.ts';
import { hidingText } from '../kernel/hide-text.ts';
import type { EnvironmentPlan } from './environment.ts';
import type { Plan } from './plan.ts';
import { decodedParts, hasPlaceholder, passwordsIn } from './shown.ts';

type Target = EnvironmentPlan['target'];

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/** The public parts of the target's addresses: hosts, logins and databases, which every message shows. */
const openNames = (target: Target): ReadonlySet<string> =>
  new Set(
    Object.values(target)
      .flatMap(textsIn)
      .flatMap((text) => [text, ...decodedParts(text)]),
  );

/**
 * The plan's secrets that can be removed from other texts. A value as short as `1`, or a password that equals the name of the
 * login or database, is left out: removing it would make every text unreadable and hide nothing.
 */
export function hidden(secrets: readonly string[], target: Target | undefined): readonly string[] {
  const open = target === undefined ? new Set<string>() : openNames(target);
  return secrets.filter((secret) => secret.length >= shortestSecret && (!open.has(secret) || secret.includes('://')));
}

/**
 * Secrets that will be visible. The journal contains procedures exactly as written, because they are carried out from there.
 */
export function secretWarnings(
  { phases, environments }: Pick<Plan, 'phases' | 'environments'>,
  environment: string | undefined,
  secrets: readonly string[],
): readonly string[] {
  const chosen = environments[environment ?? ''];
  const hide = hidingText(hidden(secrets, chosen?.target));
  const procedures: readonly (readonly [string, unknown])[] = [
    ...phases.map(({ id, rollback }) => [`the rollback of phase ${id}`, rollback] as const),
    ...(chosen === undefined ? [] : [[`the restore of environment ${environment}`, chosen.restore] as const]),
  ];
  const open = chosen === undefined ? [] : openPasswords(chosen.target);
  const written = procedures.flatMap(([name, procedure]) =>
    textsIn(procedure).some((text) => hide(text) !== text)
      ? [`${name}: a secret is written out in it, and would stand in the journal; put \${env:NAME} in its place`]
      : [],
  );
  return [...open, ...written];
}

/**
 * The journal contains the plan's text without its secrets, and the hash of the text with them, which orders are bound to. A
 * reader of the journal could therefore test guesses. With a placeholder there is nothing to guess. `collected` comes from
 * the text as written.
 */
export function writtenOutWarnings(collected: readonly string[]): readonly string[] {
  const isOne = collected.some((secret) => !hasPlaceholder(secret));
  return isOne
    ? [
        'a secret is written out in the plan: anyone who reads the journal can test guesses against the plan’s hash; put ${env:NAME} in its place, or use a key with _file',
      ]
    : [];
}

/** Passwords that cannot be secret, because they equal a name that every message shows. */
const openPasswords = (target: Target): readonly string[] =>
  Object.entries(target).flatMap(([key, address]) =>
    textsIn(address)
      .flatMap(passwordsIn)
      .some((password) => openNames(target).has(password))
      ? [`target.${key}: the password is the name of a login, host or database, so it is not hidden; use another one`]
      : [],
  );
