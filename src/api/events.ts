import type { Request, Response } from 'express';

import type { RunId } from '../core/kernel/ids.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Entry } from '../journal/journal.ts';
import type { Guard } from './guard.ts';

const frame = ({ seq, event }: Entry<RunEvent>): string =>
  `id: ${seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** Keeps proxies from closing a quiet stream. */
const heartbeat = 15_000;

/** The journal of a run from any sequence number on, as server-sent events; each entry once and in order. */
export async function streamEvents(
  guard: Guard,
  run: RunId,
  afterSeq: number,
  request: Request,
  response: Response,
): Promise<void> {
  const closed = new AbortController();
  request.once('close', () => closed.abort());
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  let sent = afterSeq;
  const send = (entries: readonly Entry<RunEvent>[]) => {
    for (const entry of entries) {
      if (entry.run !== run || entry.seq <= sent) continue;
      sent = entry.seq;
      response.write(frame(entry));
    }
  };
  // What comes while the past is being read waits, so that the order is kept.
  let waiting: Entry<RunEvent>[] | undefined = [];
  guard.follow((entries) => (waiting === undefined ? send(entries) : void waiting.push(...entries)), closed.signal);
  send(await guard.entries(run, afterSeq));
  send(waiting);
  waiting = undefined;
  const beat = setInterval(() => response.write(': still here\n\n'), heartbeat);
  closed.signal.addEventListener('abort', () => clearInterval(beat), { once: true });
}
