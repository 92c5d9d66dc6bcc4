import type { Writable } from 'node:stream';

/** Writes to a stream of ours what a command wrote to its own. */
export interface PassOn {
  /** Settles when it is written, so that a slow reader slows the command and not our memory; never rejects. */
  write(chunk: Buffer): Promise<void>;
  /** Settles when everything is written, or nobody is there to read it. */
  done(): Promise<void>;
}

/**
 * From here on errors of the stream are ignored: a reader that has gone away, such as `head` or a closed terminal, is no
 * reason to leave a command half done, or without its guard.
 */
export function passOn(to: Writable): PassOn {
  let last: Promise<void> = Promise.resolve();
  to.on('error', () => undefined);
  return {
    write: (chunk) => (last = new Promise((resolve) => void to.write(chunk, () => resolve()))),
    done: () => last,
  };
}
