import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { refuse } from '../core/authority/refusal.ts';
import type { Instant } from '../core/kernel/units.ts';
import type { Rejection } from '../metrics/view.ts';
import { addressOf, type Crowd, crowd } from './crowd.ts';
import { limitFailures } from './failures.ts';
import { readHead } from './head.ts';
import { type Limits, limits as usualLimits } from './limits.ts';
import { problemOf } from './problem.ts';
import { type Holder, type Shares, shares } from './shares.ts';
import { StrangerStream } from './stranger-stream.ts';

/** Why a connection was ended, or answered only with "not now". */

export type TurnedAway = Rejection;

export interface DoorParts {
  /** Whose token it is; undefined if it is not valid. */
  readonly holderOf: (token: string) => Holder | undefined;
  readonly now: () => Instant;
  readonly onTurnedAway: (because: TurnedAway, address: string) => void;
  /** Called when a principal loses a connection or gets none: what they would have said is missing because of the guard. */
  readonly onUnheard: (holder: Holder) => void;
}

export interface Door {
  /** Ends strangers' connections, including those that the HTTP server does not know about. */
  close(): void;
}

/** The reply to a client whose request is not read. Built once. */
function notNow(because: string, found: string, wanted: string): string {
  const problem = problemOf(refuse(because, found, wanted, 'Wait a second and try again'));
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'retry-after: 1',
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

const tooOften = notNow(
  'too-many-requests',
  'there are too many requests without a principal’s token',
  'fewer requests',
);
const full = notNow('too-many-connections', 'there are too many connections of principals', 'fewer connections');

/** A principal's connection. */
interface Admitted {
  readonly socket: Socket;
  readonly address: string;
  readonly holder: Holder;
}

/** State that all connections share. */
interface Hall extends DoorParts {
  readonly limits: Limits;
  readonly strangers: Crowd<Visit>;
  readonly held: Set<Visit>;
  readonly principals: Shares<Admitted>;
  readonly mayAsk: (address: string) => boolean;
  readonly toHttp: (connection: Socket | StrangerStream) => void;
}

/** One connection: until its client is known, and for a stranger until it closes. */
class Visit {
  readonly #hall: Hall;
  readonly #socket: Socket;
  readonly #address: string;
  #timer: NodeJS.Timeout;
  #received = Buffer.alloc(0);
  /** How many bytes a stranger has sent after the request head; undefined while the head is awaited. */
  #unread: number | undefined;
  readonly #onData = (chunk: Buffer) => this.#take(chunk);
  readonly #onEnd = () => this.#unread === undefined && this.#socket.destroy();
  readonly #onClose = () => this.#leave();

  constructor(socket: Socket, hall: Hall) {
    this.#hall = hall;
    this.#socket = socket;
    this.#address = addressOf(socket.remoteAddress);
    this.#timer = setTimeout(() => this.#tooSlow(), hall.limits.strangersStay);
    socket.on('error', () => socket.destroy());
    socket.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
    const oldest = hall.strangers.enter(this.#address, this);
    if (oldest !== undefined) oldest.#holdOff('crowded');
  }

  #tooSlow(): void {
    this.#socket.destroy();
    this.#hall.onTurnedAway('slow', this.#address);
  }

  /** Stops reading and closes the connection after a delay, after sending the given reply, if any. */
  #holdOff(because: TurnedAway, words?: string): void {
    const { limits, held, onTurnedAway } = this.#hall;
    const socket = this.#socket.off('data', this.#onData).pause();
    onTurnedAway(because, this.#address);
    this.#leave();
    if (held.size >= limits.held) return void socket.destroy();
    held.add(this);
    this.#timer = setTimeout(() => {
      if (words !== undefined) socket.write(words);
      socket.destroySoon();
    }, limits.hold);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#hall.strangers.leave(this.#address, this);
    this.#hall.held.delete(this);
  }

  #take(chunk: Buffer): void {
    if (this.#unread !== undefined) return this.#throwAway(chunk.length);
    this.#received = Buffer.concat([this.#received, chunk]);
    const head = readHead(this.#received, this.#hall.limits.head);
    if (head.state === 'partial') return;
    if (head.state === 'too-long') return this.#holdOff('too-long');
    const holder = head.token === undefined ? undefined : this.#hall.holderOf(head.token);
    if (holder !== undefined) return this.#welcome(holder);
    this.#serveStranger(head.bytes);
  }

  /**
   * Reads and discards the rest of a body, so that a client with a wrong token can read the answer. A body beyond the limit
   * closes the connection.
   */
  #throwAway(bytes: number): void {
    this.#unread = (this.#unread ?? 0) + bytes;
    if (this.#unread > this.#hall.limits.body) this.#holdOff('too-long');
  }

  #serveStranger(bytes: number): void {
    const { mayAsk, toHttp } = this.#hall;
    const [head, rest] = [this.#received.subarray(0, bytes), this.#received.length - bytes];
    this.#received = Buffer.alloc(0);
    this.#unread = 0;
    if (!mayAsk(this.#address)) return this.#holdOff('too-often', tooOften);
    toHttp(new StrangerStream(this.#socket, head));
    this.#throwAway(rest);
  }

  /** Counts a principal's connection that is refused, or ended to make room. */
  #unheard({ holder, address }: Admitted): void {
    this.#hall.onTurnedAway('principals-crowded', address);
    this.#hall.onUnheard(holder);
  }

  #welcome(holder: Holder): void {
    const { principals, toHttp } = this.#hall;
    const socket = this.#socket;
    const own = { socket, holder, address: this.#address };
    const entered = principals.enter(holder, own);
    if (entered === 'no-room') {
      this.#unread = 0;
      this.#unheard(own);
      return void socket.end(full);
    }
    if (entered.leaves !== undefined) {
      this.#unheard(entered.leaves);
      entered.leaves.socket.destroy();
    }
    this.#leave();
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    socket.once('close', () => principals.leave(holder, own));
    socket.pause();
    socket.unshift(this.#received);
    toHttp(socket);
    socket.resume();
  }
}

/**
 * Stands before the HTTP server and reads the head of each connection's first request. If the head carries a valid token,
 * this hands the whole connection to the server. Otherwise the server receives only this head, and only as often as strangers
 * may ask. So a stranger can cost the guard a scan of a few kilobytes at most, whatever they send.
 */
export function openDoor(server: Server, parts: DoorParts, limits: Limits = usualLimits): Door {
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  const { perAddress, inAll } = limits.strangersRequests;
  const [ofAddress, ofAll] = [
    limitFailures(parts.now, { ...perAddress, addresses: 1_000 }),
    limitFailures(parts.now, { ...inAll, addresses: 1 }),
  ];
  const hall: Hall = {
    ...parts,
    limits,
    strangers: crowd<Visit>(limits.strangers),
    held: new Set(),
    principals: shares<Admitted>(limits.principals),
    mayAsk: (address) => ofAddress.note(address) === undefined && ofAll.note('all') === undefined,
    toHttp(connection) {
      for (const listener of listeners) listener.call(server, connection);
    },
  };
  server.on('connection', (socket: Socket) => void new Visit(socket, hall));
  return {
    close() {
      for (const visit of [...hall.strangers.members(), ...hall.held]) visit.destroy();
    },
  };
}
