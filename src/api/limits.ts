import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Room } from './crowd.ts';
import type { SharedRoom } from './shares.ts';

interface Pace {
  readonly burst: number;
  readonly each: Millis;
}

export interface Limits {
  readonly strangers: Room;
  readonly principals: SharedRoom;
  readonly strangersStay: Millis;
  readonly hold: Millis;
  readonly held: number;
  readonly head: number;
  readonly body: number;
  readonly wholeRequest: Millis;
  readonly strangersRequests: { readonly perAddress: Pace; readonly inAll: Pace };
}

/**
 * Limits of the API, so that a client without a token cannot take the guard's time or memory. They are constants: each is far
 * above what scrapers, load balancers and a team need, and a plan that raised them could let strangers in again.
 *
 * A connection counts as a stranger's until it has sent a whole request head with a valid token.
 */
export const limits: Limits = {
  /**
   * Open connections of strangers. When one more arrives, the oldest is ended: of the same address first, otherwise of the
   * address with the most.
   */
  strangers: { inAll: 64, perAddress: 16 },
  /**
   * Open connections of principals, whatever their address: behind a proxy, all have one. One more of the same principal is
   * refused; one more in all takes the place of whoever has the most (`shares`). Together with strangers and held connections
   * this stays below the 1,024 files that a process may open.
   */
  principals: { inAll: 192, perPrincipal: 64 },
  /**
   * Time for a stranger to send a whole head, get the answer and disconnect. A page of metrics takes milliseconds, a slow
   * network seconds.
   */
  strangersStay: seconds(10),
  /**
   * How long the connection of a client that sends or asks too much, or must make room, stays open unread and unanswered. A
   * client that reconnects as soon as it is closed then does so once a second, not thousands of times.
   */
  hold: seconds(1),
  /** How many such connections are held at once; any more are closed immediately. */
  held: 512,
  /** Bytes of a request head; Node's default. Leaves room for the cookies of a proxy in front. */
  head: 16_384,
  /**
   * Bytes of a body: the most that a principal may send, and that is read and discarded from a stranger so that they can read
   * the answer.
   */
  body: 65_536,
  /** Time for a principal's whole request. */
  wholeRequest: seconds(20),
  /** Rate of strangers' requests that are answered: a burst, then one per interval, for each address and in total. */
  strangersRequests: {
    perAddress: { burst: 100, each: millis(50) },
    inAll: { burst: 200, each: millis(10) },
  },
};
