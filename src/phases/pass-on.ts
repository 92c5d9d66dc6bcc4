import type { Writable } from 'node:stream';

/** Forwards a command's output to a stream of this process. */
export interface PassOn {
  /** Settles when the chunk is written, so that a slow reader slows the command and buffers do not grow. Never rejects. */
  write(chunk: Buffer): Promise<void>;
  /** Settles when everything is written or the reader is gone. */
  done(): Promise<void>;
}

/**
 * Ignores errors of the stream from here on. If the reader goes away, such as `head` or a closed terminal, the command must
 * neither stop halfway nor lose its guard.
 */
export function passOn(to: Writable): PassOn {
  let last: Promise<void> = Promise.resolve();
  to.on('error', () => undefined);
  return {
    write: (chunk) => (last = new Promise((resolve) => void to.write(chunk, () => resolve()))),
    done: () => last,
  };
}
