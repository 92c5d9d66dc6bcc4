import type { Socket } from 'node:net';

import { type Millis, millis } from '../core/kernel/units.ts';
import { type NameLookup, timeoutAfter } from '../system/name-lookup.ts';

export interface Bounds {
  readonly patience: Millis;
  /** The lookup of a socket that connects. The wait for its turn does not count. */
  readonly names?: NameLookup;
  /** Creates the error to throw after the timeout. */
  readonly late: () => Error;
  readonly signal?: AbortSignal | undefined;
}

const asksNoName = { waited: () => millis(0), isWaiting: () => false };

/** Does `work` on a socket. Destroys the socket if there is no answer in time or the signal aborts. */
export async function bounded<T>(socket: Socket, work: () => Promise<T>, bounds: Bounds): Promise<T> {
  const { patience, late, signal, names = asksNoName } = bounds;
  signal?.throwIfAborted();
  const cut = Promise.withResolvers<never>();
  const giveUp = (reason: unknown) => {
    cut.reject(reason);
    socket.destroy();
  };
  const cancel = timeoutAfter(patience, names, () => giveUp(late()));
  const abort = () => giveUp(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), cut.promise]);
  } finally {
    cancel();
    signal?.removeEventListener('abort', abort);
  }
}

/** Waits for `work` until the signal aborts. The work itself goes on. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
