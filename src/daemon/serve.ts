import { resolve } from 'node:path';

import type { Nobody } from '../api/admission.ts';
import { startApi } from '../api/server.ts';
import { noteTurnedAway } from '../api/turned-away.ts';
import type { HideText } from '../core/kernel/hide-text.ts';
import { openJournal } from '../journal/sqlite/open.ts';
import { createProcessMetrics } from '../metrics/process-metrics.ts';
import { systemClock } from '../system/clock.ts';
import { createLog, factsOf } from '../system/log.ts';
import { version } from '../system/version.ts';
import { ownTime } from '../target/own-time.ts';
import { fleetOf } from './fleet-view.ts';
import type { PlanChoice } from './berth.ts';
import { Guards } from './fleet.ts';
import { startUpkeep } from './upkeep.ts';

export interface ServeOptions {
  /** One plan for each guard. */
  readonly plans: readonly PlanChoice[];
  readonly journal: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly logLevel: string;
  /** A person's confirmation of a clock that is far ahead of the journal. */
  readonly clockIsRight?: boolean | undefined;
  /** Called with a function that redacts the plans' secrets, for the caller to report a failed start. */
  readonly conceal?: (hide: HideText) => void;
  /** Ends a start at once: it rejects with the signal's reason. A daemon that is up goes on until it is closed. */
  readonly signal?: AbortSignal | undefined;
}

export interface Daemon {
  readonly url: string;
  /** Resolves when the daemon is closed; rejects when it cannot continue. */
  readonly closed: Promise<void>;
  /** Waits for each current rollback step, writes what is in memory, and releases the targets and the journal. */
  close(): Promise<void>;
}

/** Collects the secrets of every plan as it is read. */
function concealing(tell: ServeOptions['conceal']) {
  const hides: HideText[] = [];
  const text: HideText = (said) => hides.reduce((so, hide) => hide(so), said);
  const add = (hide: HideText) => {
    hides.push(hide);
    tell?.(text);
  };
  return { text, add };
}

/**
 * Opens one store, one API and one metrics page, and runs a guard for each plan. The API listens before the guards start, so
 * that a slow start of one does not keep a phase of another from its guard; until a guard is at work, the API says that it is
 * starting. If a later part fails, what was opened is
 * closed. Rejects with one clear message: the journal is in use or damaged, the port is taken, or a single guard cannot
 * start.
 */
export async function serve(options: ServeOptions, open = openJournal): Promise<Daemon> {
  await using undo = new AsyncDisposableStack();
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined); // rejects for the holder of the daemon; before there is one, the start itself fails
  const { plans, journal, logLevel, clockIsRight, listen, signal } = options;
  const hidden = concealing(options.conceal);
  const log = createLog(logLevel, hidden);
  const clock = systemClock();
  const processMetrics = createProcessMetrics({ version }, ownTime);
  const storePath = resolve(journal);
  const guards = new Guards({ choices: plans, clock, log, conceal: hidden.add, failed: ending.reject });
  guards.read();
  const store = undo.use(await open(storePath));
  await guards.findUnchosen(store);
  undo.use(guards); // before the API, which is closed first: nobody asks a half-closed guard
  const turnedAway = noteTurnedAway({ log, clock, processMetrics });
  const api = undo.use(
    await startApi({
      fleet: fleetOf(guards, processMetrics, clock, turnedAway.lately),
      listen,
      onError: (error) => log.error(factsOf(error), 'a request failed'),
      onNobody: (who: Nobody) => log.warn(who, 'refused a request without a valid token'),
      onTurnedAway: turnedAway.note,
    }),
  );
  log.info({ url: api.url }, 'the API is up');
  const stop = () => guards.stop(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', stop, { once: true });
  await guards.start({ store, storePath, processMetrics, logLevel, clockIsRight });
  signal?.removeEventListener('abort', stop);
  log.info({ guards: guards.atWork().length, of: plans.length }, 'the guards are started');
  const failed = (error: unknown) => log.error(factsOf(error), 'journal maintenance failed');
  await startUpkeep({ clock, store, guards: guards.atWork, failed, log }, undo);

  const built = undo.move();
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= built.disposeAsync().then(ending.resolve, ending.reject));
  return { url: api.url, closed: ending.promise, close };
}
