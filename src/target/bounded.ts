import type { Socket } from 'node:net';

import type { Millis } from '../core/kernel/units.ts';

export interface Bounds {
  readonly patience: Millis;
  /** Creates the error to throw after the timeout. */
  readonly late: () => Error;
  readonly signal?: AbortSignal | undefined;
}

/** Does `work` on a socket. Destroys the socket if there is no answer in time or the signal aborts. */
export async function bounded<T>(socket: Socket, work: () => Promise<T>, bounds: Bounds): Promise<T> {
  const { patience, late, signal } = bounds;
  signal?.throwIfAborted();
  const cut = Promise.withResolvers<never>();
  const giveUp = (reason: unknown) => {
    cut.reject(reason);
    socket.destroy();
  };
  const timer = setTimeout(() => giveUp(late()), patience);
  const abort = () => giveUp(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), cut.promise]);
  } finally {
    clearTimeout(timer);
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
