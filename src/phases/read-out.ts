import type { Readable } from 'node:stream';

import type { Clock } from '../core/kernel/clock.ts';
import { millis } from '../core/kernel/units.ts';

/** What is done with each piece that a command writes; the command is not read on before a promise settles. */
export type TakeChunk = (chunk: Buffer) => void | Promise<void>;

export interface ReadingOut {
  /** Settles when the stream is at its end; rejects with what `take` rejected with. */
  readonly atEnd: Promise<void>;
  /** After the command's exit: takes what is still there, without waiting for anybody, and closes the stream. */
  finish(): Promise<void>;
}

/** What a process wrote is there at once; whoever still holds the pipe may keep it open for ever, or write for ever. */
const patience = 200;
const step = 20;
/** More than a pipe or a socket pair holds. */
const mostAfterExit = 2 ** 20;

/** Reads a command's output to its end, which is not when the pipe is closed: a grandchild may have inherited it. */
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
      if (!(exited && stream.destroyed && stream.errored === null)) throw error; // closed by us, see below
    }
  };
  const atEnd = readAll();
  atEnd.catch(() => undefined); // whoever awaits it is told; nobody needs to

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
