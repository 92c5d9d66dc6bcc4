import type { IncomingMessage } from 'node:http';

import { refuse } from '../core/authority/refusal.ts';
import { limits } from './limits.ts';
import { Refused } from './problem.ts';

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;

const unreadable = (why: string): Refused =>
  new Refused(refuse('bad-request', `the body cannot be read: ${why}`, 'a JSON object of at most 64 kB', 'Correct it'));

/** Leaves the rest of an oversized body unread: a client that keeps sending is disconnected with the answer. */
function receive(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= limit) return;
    request.off('data', onData).pause();
    reject(unreadable(`it is longer than ${limit} bytes`));
  };
  request.on('data', onData);
  request.once('end', () => resolve(Buffer.concat(chunks)));
  for (const event of ['error', 'close']) request.once(event, () => reject(unreadable('it was cut off')));
  return promise;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the body of an authorised request. Rejects with Refused if the content type is not JSON, as with plain `curl -d`:
 * treating such a body as empty would silently drop what it asks for.
 */
export async function receiveBody(request: IncomingMessage): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers;
  if (!/^application\/json *(?:;|$)/i.test(type ?? '')) {
    const found = `a body of type ${type ?? 'unknown'}`;
    const todo = 'Send it with the header content-type: application/json';
    throw new Refused(refuse('bad-request', found, 'a JSON body', todo));
  }
  if (encoding !== undefined && encoding !== 'identity') throw unreadable(`its encoding is ${encoding}`);
  if (Number(length ?? 0) > limits.body) throw unreadable(`it is longer than ${limits.body} bytes`);
  const bytes = await receive(request, limits.body);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}
