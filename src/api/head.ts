import { tokenOf } from './token-of.ts';

/** What the first bytes of a connection contain, before an HTTP parser sees them. */
export type Head =
  /** The head is not complete yet. */
  | { readonly state: 'partial' }
  | { readonly state: 'too-long' }
  /** The head is complete and `bytes` long; `token` is the token in it, if any. */
  | { readonly state: 'whole'; readonly bytes: number; readonly token?: string };

const end = Buffer.from('\r\n\r\n');

/** The first Authorization line counts, as it does when the HTTP server handles the request. */
const authorization = /\r\nauthorization:[ \t]*([^\r\n]{1,1100}?)[ \t]*\r\n/i;

/**
 * Only finds a token. Whether it is valid is checked afterwards, and again for every request that the server handles. So if
 * this and the HTTP parser ever read a head differently, the sender reaches the parser and no further.
 */
export function readHead(received: Buffer, limit: number): Head {
  const place = received.subarray(0, limit).indexOf(end);
  if (place === -1) return { state: received.length < limit ? 'partial' : 'too-long' };
  const bytes = place + end.length;
  const token = tokenOf(authorization.exec(received.toString('latin1', 0, bytes))?.[1] ?? '');
  return { state: 'whole', bytes, ...(token !== undefined && { token }) };
}
