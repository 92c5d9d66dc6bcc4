import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import express, { type Express, type NextFunction, type Request, type Response } from 'express';

import { refuse, type Refusal } from '../core/authority/refusal.ts';
import { type Principal, type Right, rightsOf } from '../core/authority/roles.ts';
import type { TokenFault } from '../core/authority/tokens.ts';
import { sayDuration } from '../core/kernel/duration.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { principalId } from '../core/kernel/ids.ts';
import type { Millis } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import { type Failures, limitFailures } from './failures.ts';
import type { Guard } from './guard.ts';
import { type Problem, problemOf, problemOfError, Refused } from './problem.ts';
import type { Access, Route, Stream } from './route.ts';
import { routes } from './routes.ts';

export interface ApiParts {
  readonly guard: Guard;
  readonly plan: Plan;
  readonly listen: { readonly host: string; readonly port: number };
  /** An error that no route expected. */
  readonly onError: (error: unknown) => void;
  /** A request of nobody; told as often as such requests are answered with 401, which is bounded. */
  readonly onNobody: (who: Nobody) => void;
}

export interface Nobody {
  readonly address: string;
  readonly path: string;
  readonly fault: TokenFault | 'absent';
  /** Whose token it was. */
  readonly of?: string;
}

export class PortInUse extends RipcordError {
  constructor(host: string, port: number, options?: ErrorOptions) {
    super(
      {
        found: `${host}:${port} is in use by another process`,
        wanted: 'a free address for the API and the metrics',
        todo: 'Stop the other process, or give another address: --listen HOST:PORT',
      },
      exitCodes.failed,
      options,
    );
  }
}

const nobody: Principal = { id: principalId('nobody'), role: 'nobody' };

/** One that has no token, or none that counts: which of these it is, the log says and the client is not told. */
const noPrincipal = refuse(
  'unknown-token',
  'the request has no token that belongs to a principal of the plan, or that one has ended',
  'a principal’s token',
  'Set RIPCORD_TOKEN, or give --token-file; `ripcord token create` makes a token',
);

const tokenIn = ({ headers }: Request): string | undefined =>
  /^Bearer (\S{1,512})$/.exec(headers.authorization ?? '')?.[1];

const tooMany = (address: string, wait: Millis) => ({
  ...refuse(
    'too-many-failures',
    `too many requests without a principal’s token from ${address}`,
    'fewer of them',
    `Wait ${sayDuration(wait)}, and come with a principal’s token`,
  ),
  retryAfter: Math.ceil(wait / 1_000),
});

/** Who calls, if they may; else why not. */
function admit(request: Request, access: Access, { guard, plan, onNobody }: ApiParts, failures: Failures) {
  if (access === 'anyone') return nobody;
  const token = tokenIn(request);
  const whose = token === undefined ? ({ fault: 'absent' } as const) : guard.principalOf(token);
  if ('principal' in whose) {
    return mayCall(plan, whose.principal, access) ? whose.principal : notAllowed(whose.principal, access);
  }
  const address = request.socket.remoteAddress ?? 'nowhere';
  const wait = failures.note(address);
  if (wait !== undefined) return tooMany(address, wait);
  onNobody({ address, path: request.path, ...whose });
  return noPrincipal;
}

const mayCall = (plan: Plan, { role }: Principal, access: Exclude<Access, 'anyone'>): boolean =>
  access === 'principals' || access.some((right) => rightsOf(plan, role).includes(right));

const notAllowed = ({ id, role }: Principal, access: 'principals' | readonly Right[]): Refusal =>
  refuse(
    'not-allowed',
    `${id} is ${role}, which may not do that`,
    `a principal with the right ${[access].flat().join(' or ')}`,
    'Ask one',
  );

const sendRefusal = (response: Response, refusal: Refusal & { readonly retryAfter?: number }) => {
  const problem = problemOf(refusal);
  if (problem.status === 401) response.set('www-authenticate', 'Bearer');
  if (refusal.retryAfter !== undefined) response.set('retry-after', String(refusal.retryAfter));
  return sendProblem(response, problem);
};

const sendProblem = (response: Response, problem: Problem) =>
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));

/** One that a client labels otherwise, as `curl -d` does, would pass for none, and what it asks for be forgotten. */
function refuseUnreadBody({ method, headers, body }: Request): Refusal | undefined {
  const isThere = Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
  if (method !== 'POST' || !isThere || body !== undefined) return undefined;
  const found = `a body of type ${headers['content-type'] ?? 'unknown'}`;
  return refuse('bad-request', found, 'a JSON body', 'Send it with the header content-type: application/json');
}

/** Each costs memory for what its client has not read yet. */
const mostStreams = 20;

interface Streams {
  readonly serve: (answer: Stream, request: Request, response: Response) => Promise<void>;
}

function openStreams(): Streams {
  let open = 0;
  return {
    async serve(answer, request, response) {
      if (open >= mostStreams) {
        const todo = 'Close one of them, or ask without accept: text/event-stream';
        const found = `${mostStreams} streams are open`;
        return void sendProblem(response, problemOf(refuse('too-many-streams', found, 'fewer clients', todo)));
      }
      open += 1;
      response.once('close', () => (open -= 1));
      await answer.stream(request, response);
    },
  };
}

function addRoute(app: Express, route: Route, parts: ApiParts, streams: Streams, failures: Failures): void {
  app[route.method](route.path, async (request: Request, response: Response) => {
    const by = admit(request, route.access, parts, failures);
    if ('because' in by) return void sendRefusal(response, by);
    const unread = refuseUnreadBody(request);
    if (unread !== undefined) return void sendProblem(response, problemOf(unread));
    const params = Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)]));
    const { guard } = parts;
    const header = (name: string) => request.get(name);
    const stillMay = () => 'principal' in guard.principalOf(tokenIn(request) ?? '');
    const call = { guard, by, stillMay, params, query: request.query, body: request.body as unknown, header };
    const answer = await route.handle(call);
    if ('stream' in answer) return streams.serve(answer, request, response);
    const { status, type, body } = answer;
    return void response.status(status).set('cache-control', 'no-store').set('content-type', type).send(body);
  });
}

function createApp(parts: ApiParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(express.json({ limit: '64kb' }));
  const streams = openStreams();
  const failures = limitFailures(() => parts.guard.now());
  for (const route of routes) addRoute(app, route, parts, streams, failures);
  app.use((request: Request, response: Response) => {
    const found = `there is no ${request.method} ${request.path}`;
    sendProblem(response, problemOf(refuse('unknown-route', found, 'a route of the API', 'See docs/api.md')));
  });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    if (error instanceof Refused) return sendProblem(response, problemOf(error.refusal));
    if (error instanceof URIError) {
      const found = `the path ${request.path} cannot be decoded`;
      return sendProblem(response, problemOf(refuse('bad-request', found, 'a path in UTF-8', 'Write % as %25')));
    }
    if (isBodyError(error)) {
      return sendProblem(
        response,
        problemOf(
          refuse(
            'bad-request',
            `the body cannot be read: ${error.message}`,
            'a JSON object of at most 64 kB',
            'Correct it',
          ),
        ),
      );
    }
    if (!(error instanceof RipcordError)) parts.onError(error);
    return sendProblem(response, problemOfError(error));
  });
  return app;
}

/** What the body parser throws, with the status that it wants. */
const isBodyError = (error: unknown): error is Error =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;

export interface Api extends AsyncDisposable {
  readonly url: string;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections(); // streams would go on for ever
  });
}

/** Listens, or rejects with PortInUse. */
export async function startApi(parts: ApiParts): Promise<Api> {
  const { host, port } = parts.listen;
  const server = createServer(createApp(parts));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUse(host, port, { cause: error }) : error),
    );
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const named = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${named}:${taken}`, [Symbol.asyncDispose]: () => close(server) };
}
