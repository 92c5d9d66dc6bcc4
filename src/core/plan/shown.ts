import { isMapping, type Path } from './tree.ts';

/** Places whose text is or holds a secret. */
const secretPlaces: readonly Path[] = [
  ['environments', '*', 'target', 'url'],
  ['environments', '*', 'target', 'users_url'],
  ['environments', '*', 'target', 'rollback_url'],
  ['principals', '*', 'token_hash'],
  ['probes', '*', 'prometheus', 'token'],
];

/** Places whose text may come from a file instead, under the same key with `_file`: secrets, and what is long. */
export const filePlaces: readonly Path[] = [
  ...secretPlaces,
  ['probes', '*', 'http', 'ca'],
  ['probes', '*', 'prometheus', 'ca'],
];

const matches = (path: Path, place: Path): boolean =>
  path.length === place.length && place.every((part, index) => part === '*' || part === path[index]);

export const isSecretPlace = (path: Path): boolean => secretPlaces.some((place) => matches(path, place));
export const isFilePlace = (path: Path): boolean => filePlaces.some((place) => matches(path, place));

/** What of a header is a secret: of `authorization: Bearer …`, the token too. */
export function secretsInHeader(name: string, value: string): readonly string[] {
  if (!/auth|cookie|key|secret|token/i.test(name)) return [];
  const [, credentials] = /^\S+\s+(\S.*)$/.exec(value) ?? [];
  return credentials === undefined ? [value] : [value, credentials];
}

/** `${env:NAME}`; the stand-in `${file:path}` for a `_file` of an environment that was not chosen looks alike. */
export const hasPlaceholder = (text: string): boolean => /\$\{(env|file):/.test(text);

const userInfo = /([a-z][a-z0-9+.-]*:\/\/[^:/?#@\s]*:)(?!\$\{env:\w+\}@)[^\n]*@/gi;
const inQuery = /([?&](?:password|token|api_key|key|secret)=)(?!\$\{)[^&#\s]+/gi;

/** A plan's text as a fault may quote it: shortened, passwords of addresses masked. */
export const masked = (text: string): string => {
  const safe = text.replace(userInfo, '$1***@').replace(inQuery, '$1***');
  return safe.length > 80 ? `${safe.slice(0, 77)}...` : safe;
};

/** The passwords in an address, as written and as decoded. */
export function passwordsIn(text: string): readonly string[] {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0];
  if (address === undefined) return [];
  const rest = text.slice(address.length);
  const authority = URL.canParse(text) ? (/^[^/?#]*/.exec(rest)?.[0] ?? '') : rest;
  const user = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  const written = user.includes(':') ? user.slice(user.indexOf(':') + 1) : '';
  const queried = /[?&]password=([^&#\s]*)/i.exec(rest)?.[1] ?? '';
  return [written, queried].filter((password) => password !== '').flatMap((password) => [password, decoded(password)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is not an encoding
  }
}

/** What a fault says it found: from the plan's own text, never from what a placeholder stood for. */
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
