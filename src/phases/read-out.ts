import type { Readable } from 'node:stream';

import type { Clock } from '../core/kernel/clock.ts';
import { millis } from '../core/kernel/units.ts';

/** Handles each chunk of a command's output. Reading continues when the returned promise settles. */
export type TakeChunk = (chunk: Buffer) => void | Promise<void>;

export interface ReadingOut {
  /** Settles at the end of the stream. Rejects with the error of `take`. */
  readonly atEnd: Promise<void>;
  /** Call this after the command's exit. Takes what is left, without waiting for `take`, and closes the stream. */
  finish(): Promise<void>;
}

/** A process's output is available at its exit, but another holder of the pipe may keep it open or write forever. */
const patience = 200;
const step = 20;
/** More than a pipe or a socket pair holds. */
const mostAfterExit = 2 ** 20;

/** Reads a command's output to its end. It does not wait until the pipe closes, because a grandchild may hold it. */
export function readOut(stream: Readable, take: TakeChunk, clock: Clock): ReadingOut {
  let [exited, waiting, bytes] = [false, true, 0];
  let goOn: (() => void) | undefined;
  const takeOne = (chunk: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      goOn = resolve;
      Promise.resolve(take(chunk)).then(resolve, reject);
      if (exited) resolve();
    });

  const readAll = async (): Promise<void> => {
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        waiting = false;
        await takeOne(chunk);
        waiting = true;
        if (exited && (bytes += chunk.length) > mostAfterExit) return;
      }
    } catch (error) {
      if (!(exited && stream.destroyed && stream.errored === null)) throw error; // closeWhenQuiet destroyed the stream
    }
  };
  const atEnd = readAll();
  atEnd.catch(() => undefined); // avoids an unhandled rejection: callers may ignore it

  const closeWhenQuiet = async (over: AbortSignal): Promise<void> => {
    for (let waited = 0; waited < patience; waited += waiting ? step : 0) await clock.wait(millis(step), over);
    stream.destroy();
  };
  return {
    atEnd,
    async finish() {
      exited = true;
      goOn?.();
      const over = new AbortController();
      const closing = closeWhenQuiet(over.signal).catch(() => undefined);
      await atEnd.finally(() => over.abort());
      await closing;
    },
  };
}
