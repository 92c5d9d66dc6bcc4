import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Room } from './crowd.ts';

interface Pace {
  readonly burst: number;
  readonly each: Millis;
}

export interface Limits {
  readonly strangers: Room;
  readonly principals: Room;
  readonly strangersStay: Millis;
  readonly hold: Millis;
  readonly held: number;
  readonly head: number;
  readonly body: number;
  readonly wholeRequest: Millis;
  readonly strangersRequests: { readonly perAddress: Pace; readonly inAll: Pace };
}

/**
 * What the API allows, so that nobody without a token takes the guard's time or memory. They are constants: each is far above
 * what scrapers, load balancers and a team of people need, and a plan that could raise them could let strangers in again.
 *
 * A connection is a stranger's until a whole head of a request with a token that counts has come on it.
 */
export const limits: Limits = {
  /** Of strangers. When one more comes, the oldest is ended: of the same address first, else of the one that has most. */
  strangers: { inAll: 64, perAddress: 16 },
  /** Of principals. One more is refused. With strangers and those held, it stays below the 1,024 files that a process may open. */
  principals: { inAll: 192, perAddress: 64 },
  /** For a whole head, the answer and the goodbye: a page of metrics takes milliseconds, a slow network seconds. */
  strangersStay: seconds(10),
  /**
   * Who sends or asks too much, or must make room, is left alone for so long, unread and unanswered, before the connection ends:
   * whoever comes again as soon as it does, comes once a second and not some thousand times.
   */
  hold: seconds(1),
  /** So many at once; one more is ended without delay. */
  held: 512,
  /** Bytes of a request's head, as Node has it. Cookies of a proxy before us fit in. */
  head: 16_384,
  /** Bytes of a body: what a principal may send, and what of a stranger's is thrown away so that they can read the answer. */
  body: 65_536,
  /** For the whole request of a principal. */
  wholeRequest: seconds(20),
  /** Requests of strangers that are answered: at once, and then one in so long, for each address and in all. */
  strangersRequests: {
    perAddress: { burst: 100, each: millis(50) },
    inAll: { burst: 200, each: millis(10) },
  },
};
