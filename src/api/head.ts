/** What the bytes of a connection say before anything else reads them. */
export type Head =
  /** Not yet whole. */
  | { readonly state: 'partial' }
  | { readonly state: 'too-long' }
  /** `bytes` long; the token it shows, if any. */
  | { readonly state: 'whole'; readonly bytes: number; readonly token?: string };

const end = Buffer.from('\r\n\r\n');

/** The first of such lines counts, as it does where the request is answered. */
const authorization = /\r\nauthorization:[ \t]*Bearer (\S{1,512})[ \t]*\r\n/i;

/**
 * Finds a token, no more: whether it counts is asked afterwards, and asked again of every request where it is answered. So
 * whatever this and the HTTP parser read differently, nobody gets further by it than to the parser.
 */
export function readHead(received: Buffer, limit: number): Head {
  const place = received.subarray(0, limit).indexOf(end);
  if (place === -1) return { state: received.length < limit ? 'partial' : 'too-long' };
  const bytes = place + end.length;
  const token = authorization.exec(received.toString('latin1', 0, bytes))?.[1];
  return { state: 'whole', bytes, ...(token !== undefined && { token }) };
}
