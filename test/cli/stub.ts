import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Problem } from '../../src/api/problem.ts';

export interface Heard {
  /** `POST /api/v1/runs` */
  readonly request: string;
  /** The guard that the call names, if any: `plan=move&target=staging`. */
  readonly guard?: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: unknown;
}

export interface Stub extends AsyncDisposable {
  readonly url: string;
  /** How the command line finds it, and as whom it calls. */
  readonly env: { readonly RIPCORD_URL: string; readonly RIPCORD_TOKEN: string };
  readonly heard: readonly Heard[];
}

/** The answers per request line: always the same one, or one after the other, the last one repeatedly. */
export type Answers = Readonly<Record<string, Answer | readonly Answer[]>>;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = await request.toArray();
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

export const problem = (status: number, because: string, found: string): Answer => {
  const body: Problem = {
    type: 'about:blank',
    title: 'Refused',
    status,
    detail: '',
    because,
    found,
    wanted: 'something else',
    todo: 'Do something else',
  };
  return { status, type: 'application/problem+json', body };
};

const unknownRoute = problem(404, 'unknown-route', 'there is no such route');

/** The query names the guard; most answers do not depend on it. */
function split(url: string): { readonly path: string; readonly guard: string } {
  const [path = '', query = ''] = url.split('?');
  const [rest, guard] = [new URLSearchParams(), new URLSearchParams()];
  for (const [key, value] of new URLSearchParams(query))
    (['plan', 'target'].includes(key) ? guard : rest).set(key, value);
  return { path: rest.size === 0 ? path : `${path}?${rest.toString()}`, guard: guard.toString() };
}

/** A server that implements the daemon's contract and records its requests. */
export async function stub(answers: Answers): Promise<Stub> {
  const heard: Heard[] = [];
  const asked = new Map<string, number>();
  const answerTo = (line: string): Answer => {
    const answer = answers[line] ?? unknownRoute;
    if (!('length' in answer)) return answer;
    const times = asked.get(line) ?? 0;
    asked.set(line, times + 1);
    return answer[Math.min(times, answer.length - 1)] ?? unknownRoute;
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { path, guard } = split(request.url ?? '');
    const line = `${request.method} ${path}`;
    const body = await bodyOf(request);
    heard.push({ request: line, ...(guard !== '' && { guard }), authorization: request.headers.authorization, body });
    const { status = 200, type = 'application/json', body: answer } = answerTo(line);
    response.writeHead(status, { 'content-type': type });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    env: { RIPCORD_URL: url, RIPCORD_TOKEN: 'rip_test' },
    heard,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
