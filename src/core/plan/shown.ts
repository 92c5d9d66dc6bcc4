import { isMapping, type Path } from './tree.ts';

/** The keys of a target that hold addresses, each with a possible password; a test compares them with the schema. */
const targetAddresses = ['url', 'read_url', 'reach_url', 'users_url', 'rollback_url'] as const;

/** Values that are secret as a whole, even if they are written out. */
const wholeSecrets: readonly Path[] = [['probes', '*', 'prometheus', 'token']];

/** Values that are secret or contain a secret. */
const secretPlaces: readonly Path[] = [
  ...targetAddresses.map((key): Path => ['environments', '*', 'target', key]),
  ['principals', '*', 'token_hash'],
  ...wholeSecrets,
];

/** Values that may come from a file, under the same key with `_file`: secrets and long texts. */
export const filePlaces: readonly Path[] = [
  ...secretPlaces,
  ['probes', '*', 'http', 'ca'],
  ['probes', '*', 'prometheus', 'ca'],
];

const matches = (path: Path, place: Path): boolean =>
  path.length === place.length && place.every((part, index) => part === '*' || part === path[index]);

export const isWholeSecret = (path: Path): boolean => wholeSecrets.some((place) => matches(path, place));
export const isSecretPlace = (path: Path): boolean => secretPlaces.some((place) => matches(path, place));
export const isFilePlace = (path: Path): boolean => filePlaces.some((place) => matches(path, place));

/** Keys whose values appear in every message and label: names, lengths and references. */
const openKeys = new Set(['id', 'name', 'role', 'by_role', 'criterion', 'criteria', 'phases', 'environments', 'after']);
const openLengths = new Set([
  'every',
  'timeout',
  'estimate',
  'capture_for',
  'broken_for',
  'slower_than',
  'phase_lease',
]);
/** Below these keys, texts are meant for other programs, whatever their own keys are called. */
const forOthers = ['headers', 'env', 'body', 'http', 'sql', 'rows', 'command', 'claims'];

/** Whether a placeholder at this path certainly holds no secret. */
export function isOpenPlace(path: Path): boolean {
  if (path.some((key) => forOthers.includes(String(key)))) return false;
  const key = String(path.findLast((part) => typeof part === 'string'));
  return openKeys.has(key) || openLengths.has(key);
}

/** The secret parts of a header: of `authorization: Bearer …`, also the token alone. */
export function secretsInHeader(name: string, value: string): readonly string[] {
  if (!/auth|cookie|key|secret|token/i.test(name)) return [];
  const [, credentials] = /^\S+\s+(\S.*)$/.exec(value) ?? [];
  return credentials === undefined ? [value] : [value, credentials];
}

/** `${env:NAME}`, or `${file:path}`, which replaces a `_file` key of an environment that was not chosen. */
export const hasPlaceholder = (text: string): boolean => /\$\{(env|file):/.test(text);

/** A parameter with such a name is secret, wherever an address stands: in the recorded plan, and in what a server repeats. */
const secretName =
  /(?:password|passwd|passphrase|pwd|token|key|secret|signature|sig|credentials?|auth|authorization|jwt|(?:^|[._[-])pass)\]?$/i;
/** These only end like one. */
const openName = /(?:sort|primary|foreign|partition|cache|order|group|public|page|ssl)[._-]?key$/i;
const isSecretName = (name: string): boolean => secretName.test(name) && !openName.test(name);

const userInfo = /([a-z][a-z0-9+.-]*:\/\/[^:/?#@\s]*:)(?!\$\{env:\w+\}@)[^\n]*@/gi;
const parameter = /(?<start>[?&#](?<name>[^=?&#\s]+)=)(?!\$\{)(?<value>[^&#\s]+)/g;

/** Replaces the passwords and tokens in a text's addresses. */
export const maskedAddresses = (text: string, instead: string): string =>
  text
    .replace(userInfo, `$1${instead}@`)
    .replace(parameter, (whole, start: string, name: string) =>
      isSecretName(decoded(name)) ? `${start}${instead}` : whole,
    );

/** A plan's text as a fault may quote it: shortened, with masked passwords. */
export const masked = (text: string): string => {
  const safe = maskedAddresses(text, '***');
  return safe.length > 80 ? `${safe.slice(0, 77)}...` : safe;
};

const passwordAmidText = /[a-z][a-z0-9+.-]*:\/\/[^:/?#@\s]*:(?!\$\{env:\w+\}@)([^\s/?#]+)@/gi;

/** The password before the host: of an address, or of each address in a longer text. */
function passwordsOfUsers(text: string): readonly string[] {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0];
  if (address === undefined) return [...text.matchAll(passwordAmidText)].map(([, password = '']) => password);
  const rest = text.slice(address.length);
  const authority = URL.canParse(text) ? (/^[^/?#]*/.exec(rest)?.[0] ?? '') : rest;
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  return user.includes(':') ? [user.slice(user.indexOf(':') + 1)] : [];
}

/** In a longer text, a quote may end the address, or belong to the secret. */
const secretParameters = (text: string): readonly string[] =>
  [...text.matchAll(parameter)].flatMap(({ groups: { name = '', value = '' } = {} }) =>
    isSecretName(decoded(name)) ? [value, value.replace(/["'`].*/, '')] : [],
  );

/** The passwords and tokens in an address or in the addresses of a text, as written and as decoded. */
export function passwordsIn(text: string): readonly string[] {
  const found = [...passwordsOfUsers(text), ...secretParameters(text)].filter((password) => password !== '');
  return [...new Set(found.flatMap((password) => [password, decoded(password)]))];
}

/** The public parts of an address: login, host and database. */
export function decodedParts(address: string): readonly string[] {
  const parsed = URL.parse(address);
  if (parsed === null) return [];
  const { username, hostname, host, pathname, searchParams } = parsed;
  const given = ['user', 'host', 'port', 'dbname'].flatMap((name) => searchParams.getAll(name));
  return [username, hostname, host, pathname.slice(1), ...given].map(decoded).filter((part) => part !== '');
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is not an encoding
  }
}

/** What a fault reports as found: the plan's own text, never the value of a placeholder. */
export function describe(value: unknown, path: Path): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') {
    if (hasPlaceholder(value)) return `a value from ${masked(value).replaceAll(/\s+/g, ' ')}`;
    const hidden = isSecretPlace(path) || path.includes('headers') || path.includes('env');
    return hidden ? 'a text that is not shown here' : JSON.stringify(masked(value));
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const keys = isMapping(value) ? Object.keys(value) : [];
  return keys.length === 0 ? 'an empty mapping' : `a mapping with ${masked(keys.join(', '))}`;
}
