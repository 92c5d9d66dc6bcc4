import { RipcordError } from '../core/kernel/errors.ts';
import { shorten } from '../core/kernel/shorten.ts';

/** Why a statement got no answer. */
export interface Refusal {
  /**
   * `gone`: an object that the statement names does not exist. `could-not-look`: the statement may be right, but a
   * timeout, a lock, a permission or the server stopped it. `broken`: the statement can never succeed.
   */
  readonly kind: 'gone' | 'could-not-look' | 'broken';
  /** SQLSTATE or system error code, if there is one. */
  readonly code?: string;
  readonly message: string;
}

/** SQLSTATEs, single or by class (PostgreSQL manual, appendix A). Codes not listed are final: the check is broken. */
const kinds: readonly { readonly codes: RegExp; readonly kind: Refusal['kind'] }[] = [
  { codes: /^42P01$|^42703$|^42883$|^42704$|^3F000$/, kind: 'gone' }, // relation, column, function, type, schema
  { codes: /^57/, kind: 'could-not-look' }, // statement timeout, cancelled, server stopping, backend terminated
  { codes: /^55P03$|^55006$/, kind: 'could-not-look' }, // lock not granted in time, object in use
  { codes: /^42501$|^28|^3D/, kind: 'could-not-look' }, // permission, login, database away during a swap
  { codes: /^08|^25P0[345]$/, kind: 'could-not-look' }, // connection lost, or ended by one of the server's idle limits
  { codes: /^40|^53|^58|^72|^F0|^XX/, kind: 'could-not-look' }, // lost a race; server out of room, files or health
];

/** A SQLSTATE has five characters, at least one of them a digit. A system error code such as EPIPE has no digit. */
const isSqlState = (code: string): boolean => /^(?=.*\d)[0-9A-Z]{5}$/.test(code);

const codeOf = (error: Error): string | undefined =>
  'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** A server quotes input it could not read, whatever its length. */
const mostSaid = 1_000;

/** The server's own message, which is shorter than the wrapped one. */
function wordsOf(error: Error): string {
  if (error.cause instanceof Error && codeOf(error.cause) !== undefined) return wordsOf(error.cause);
  return error instanceof RipcordError ? error.found : error.message;
}

/**
 * Classifies whatever `query` rejected with. An error without SQLSTATE comes from the client side, so nothing was
 * examined.
 */
export function refusalOf(reason: unknown): Refusal {
  if (!(reason instanceof Error)) return { kind: 'could-not-look', message: String(reason) };
  const code = codeOf(reason);
  const words = shorten(wordsOf(reason).split('\n', 1)[0] ?? '', mostSaid);
  const message = code === undefined || words.includes(code) ? words : `${words} (${code})`;
  if (code === undefined || !isSqlState(code)) return { kind: 'could-not-look', message, ...(code && { code }) };
  return { kind: kinds.find(({ codes }) => codes.test(code))?.kind ?? 'broken', code, message };
}
