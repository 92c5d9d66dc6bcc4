import { once } from 'node:events';

import type { Response } from 'express';

import type { RunId } from '../core/kernel/ids.ts';
import type { RunEvent } from '../core/run/events.ts';
import type { Entry } from '../journal/journal.ts';
import type { Guard } from './guard.ts';

const frame = ({ seq, event }: Entry<RunEvent>): string =>
  `id: ${seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** Keeps proxies from closing a quiet stream. */
const heartbeat = 15_000;

/** A client that reads nothing for this long, or lets this many bytes pile up, is disconnected. It can reconnect and continue. */
const patience = 30_000;
const mostWaiting = 2 ** 23;

export interface EventStream {
  readonly guard: Guard;
  readonly run: RunId;
  readonly afterSeq: number;
  /** Whether the token still counts: it can end while its holder listens. */
  readonly stillMay: () => boolean;
}

/** Lets the client read what it was sent. A client that reads nothing is disconnected. */
function endSoon(response: Response): void {
  if (response.closed || response.destroyed) return;
  const late = setTimeout(() => response.destroy(), patience);
  response.once('close', () => clearTimeout(late));
  response.end();
}

/** Sends past entries no faster than the client reads them. */
async function replay(
  entries: readonly Entry<RunEvent>[],
  response: Response,
  closed: AbortSignal,
  stillMay: () => boolean,
): Promise<void> {
  for (const entry of entries) {
    if (!stillMay()) response.destroy();
    if (closed.aborted || response.destroyed) return;
    if (response.write(frame(entry))) continue;
    const late = AbortSignal.any([closed, AbortSignal.timeout(patience)]);
    await once(response, 'drain', { signal: late }).catch(() => response.destroy());
  }
}

/**
 * Streams the journal of a run from any sequence number as server-sent events, each entry once and in order. Ends when the
 * guard is over, so that the client asks again, from its last entry on, whoever guards the run then.
 */
export async function streamEvents({ guard, run, afterSeq, stillMay }: EventStream, response: Response): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const closed = AbortSignal.any([left.signal, guard.over]);
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  if (response.req.method === 'HEAD') return void response.end(); // no event will follow
  let sent = afterSeq;
  const send = (entries: readonly Entry<RunEvent>[]) => {
    if (!stillMay()) response.destroy();
    for (const entry of entries) {
      if (entry.run !== run || entry.seq <= sent) continue;
      if (response.destroyed || response.writableEnded) return; // writing now would raise an error that nobody handles
      sent = entry.seq;
      response.write(frame(entry));
      if (response.writableLength > mostWaiting) response.destroy();
    }
  };
  // New entries wait while past ones are read, so that the order is kept.
  let waiting: Entry<RunEvent>[] | undefined = [];
  guard.follow((entries) => (waiting === undefined ? send(entries) : void waiting.push(...entries)), closed);
  const past = await guard.entries(run, afterSeq);
  await replay(past, response, closed, stillMay);
  if (closed.aborted) return endSoon(response);
  sent = past.at(-1)?.seq ?? afterSeq;
  send(waiting);
  waiting = undefined;
  const beat = setInterval(() => (stillMay() ? response.write(': still here\n\n') : response.destroy()), heartbeat);
  const end = () => {
    clearInterval(beat);
    endSoon(response);
  };
  closed.addEventListener('abort', end, { once: true });
}
