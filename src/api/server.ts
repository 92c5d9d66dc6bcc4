import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import express, { type Express, type NextFunction, type Request, type Response } from 'express';

import { refuse, type Refusal } from '../core/authority/refusal.ts';
import { exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { guardId } from '../core/kernel/ids.ts';
import { lookingUpFor } from '../system/name-lookup.ts';
import { type AdmissionParts, admitToMany, admitToOne, type Nobody, tokenIn } from './admission.ts';
import { type Door, openDoor, type TurnedAway } from './door.ts';
import { limitFailures } from './failures.ts';
import { type Fleet, holderIn, sayGuard } from './fleet.ts';
import { limits } from './limits.ts';
import { type Problem, problemOf, problemOfError, Refused } from './problem.ts';
import { hasBody, receiveBody } from './receive-body.ts';
import type { Answer, Route, Stream } from './route.ts';
import { routes } from './routes.ts';
import type { Holder } from './shares.ts';
import { StrangerStream } from './stranger-stream.ts';

export interface ApiParts {
  readonly fleet: Fleet;
  readonly listen: { readonly host: string; readonly port: number };
  /** Reports an error that no route expected. */
  readonly onError: (error: unknown) => void;
  /**
   * Reports a request without a valid token. This is called no more often than such requests are answered with 401, which is
   * bounded.
   */
  readonly onNobody: (who: Nobody) => void;
  /** Reports every connection that was ended, or refused before it was read. */
  readonly onTurnedAway: (because: TurnedAway, address: string) => void;
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

/** Why the system does not let this process listen there, and whether that may pass without a person. */
const causes: Readonly<Record<string, { readonly says: string; readonly mayPass: boolean }>> = {
  EADDRNOTAVAIL: { says: 'is not an address of this host', mayPass: true }, // at boot, an interface may not be up yet
  EAI_AGAIN: { says: 'has a host that the name server gives no answer about', mayPass: true },
  ENOTFOUND: { says: 'has a host that does not exist', mayPass: false },
  EACCES: { says: 'is a port that this user may not listen on', mayPass: false },
};

/** The system does not let this process listen at the address. */
export class CannotListen extends RipcordError {
  constructor(host: string, port: number, code: string, options?: ErrorOptions) {
    const { says, mayPass } = causes[code] ?? { says: `cannot be listened on (${code})`, mayPass: false };
    super(
      {
        found: `${host}:${port} ${says}`,
        wanted: 'an address of this host for the API and the metrics, with a port that you may use',
        todo: 'Give such an address: --listen HOST:PORT, such as 127.0.0.1:7433',
      },
      mayPass ? exitCodes.failed : exitCodes.usage,
      options,
    );
  }
}

const sayListenError = (host: string, port: number, cause: NodeJS.ErrnoException): RipcordError =>
  cause.code === 'EADDRINUSE'
    ? new PortInUse(host, port, { cause })
    : new CannotListen(host, port, cause.code ?? cause.message, { cause });

const sendRefusal = (response: Response, refusal: Refusal & { readonly retryAfter?: number }) => {
  const problem = problemOf(refusal);
  if (problem.status === 401) response.set({ 'www-authenticate': 'Bearer', connection: 'close' });
  if (refusal.retryAfter !== undefined) response.set('retry-after', String(refusal.retryAfter));
  return sendProblem(response, problem);
};

const sendProblem = (response: Response, problem: Problem) =>
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));

/** Limits the open streams: each uses memory for what its client has not read yet. */
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

const send = (response: Response, { status, type, body }: Answer) =>
  response.status(status).set('cache-control', 'no-store').set('content-type', type).send(body);

type OfOne = Extract<Route, { readonly handle: unknown }>;

async function serveOne(request: Request, response: Response, route: OfOne, doors: AdmissionParts, streams: Streams) {
  const member = await admitToOne(request, route.access, doors);
  if ('refused' in member) return void sendRefusal(response, member.refused);
  const body = request.method === 'POST' ? await receiveBody(request) : undefined;
  // A body may take time.
  const still = body === undefined ? member : await admitToOne(request, route.access, doors);
  if ('refused' in still) return void sendRefusal(response, still.refused);
  const { guard } = still;
  const { plan, target } = guard.name;
  const asked = {
    ...still,
    stillMay: () => 'principal' in guard.principalOf(tokenIn(request) ?? ''),
    params: Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)])),
    query: request.query,
    body,
    header: (name: string) => request.get(name),
  };
  const answer = await lookingUpFor(guardId(plan, target), () => route.handle(asked));
  if ('stream' in answer) return streams.serve(answer, request, response);
  return void send(response, answer);
}

function addRoute(app: Express, route: Route, doors: AdmissionParts, streams: Streams): void {
  app[route.method](route.path, async (request: Request, response: Response) => {
    if ('show' in route) return void send(response, await route.show(doors.fleet));
    if ('handle' in route) return serveOne(request, response, route, doors, streams);
    const admitted = admitToMany(request, route.access, doors);
    if ('refused' in admitted) return void sendRefusal(response, admitted.refused);
    return void send(response, await route.list(admitted.members, admitted.absent));
  });
}

function createApp(parts: ApiParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use((request: Request, response: Response, next: NextFunction) => {
    // Without this, Node would read the rest of an unwanted body, however long it is.
    if (request.socket instanceof StrangerStream) response.set('connection', 'close');
    else if (hasBody(request)) response.once('finish', () => request.complete || request.socket.destroySoon());
    next();
  });
  const streams = openStreams();
  const { fleet, onNobody } = parts;
  const doors = { fleet, onNobody, failures: limitFailures(fleet.now) };
  for (const route of routes) addRoute(app, route, doors, streams);
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
    if (!(error instanceof RipcordError)) parts.onError(error);
    return sendProblem(response, problemOfError(error));
  });
  return app;
}

export interface Api extends AsyncDisposable {
  readonly url: string;
}

function close(server: Server, door: Door): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections(); // otherwise open streams would keep the server from closing
    door.close();
  });
}

/** Starts to listen, or rejects with PortInUse or CannotListen. */
export async function startApi(parts: ApiParts): Promise<Api> {
  const { host, port } = parts.listen;
  const timeouts = { headersTimeout: limits.strangersStay, requestTimeout: limits.wholeRequest };
  const server = createServer({ ...timeouts, connectionsCheckingInterval: 2_000 }, createApp(parts));
  const { fleet, onTurnedAway } = parts;
  const holderOf = (token: string) => holderIn(fleet, token);
  const onUnheard = ({ guards, mayReport }: Holder) => {
    if (!mayReport) return;
    for (const guard of fleet.guards()) if (guards.includes(sayGuard(guard.name))) guard.excuseSilence();
  };
  const door = openDoor(server, { holderOf, now: fleet.now, onTurnedAway, onUnheard });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(sayListenError(host, port, error)));
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const named = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${named}:${taken}`, [Symbol.asyncDispose]: () => close(server, door) };
}
