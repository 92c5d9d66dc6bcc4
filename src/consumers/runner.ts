import type { Clock } from '../core/kernel/clock.ts';
import type { Position } from '../core/kernel/ids.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Entry, Journal } from '../journal/journal.ts';
import { type Consumer, type ConsumerFault, keyOf } from './consumer.ts';

export interface RunnerParts {
  readonly store: Pick<Journal, 'readFrom' | 'consumers'>;
  readonly consumer: Consumer;
  readonly clock: Clock;
  /** Called for each failure, and once with undefined when the consumer has recovered. */
  readonly onFault: (fault: ConsumerFault | undefined) => void;
}

/** Disposing it handles the remaining entries once, without retries, and ends. */
export interface Runner extends AsyncDisposable {
  /** New entries may exist. */
  wake(): void;
  /** Starts nothing more, because another process does the work now. */
  stop(): void;
}

const batch = 200;
const firstDelay = seconds(1);
const longestDelay = seconds(60);
const delayAfter = (tries: number): Millis => millis(Math.min(longestDelay, firstDelay * 2 ** (tries - 1)));

/** Thrown by a pass, with the entry on which it is stuck. */
class NotHandled extends Error {
  readonly entry: Entry;
  constructor(entry: Entry, cause: unknown) {
    super('a consumer did not handle an entry', { cause });
    this.entry = entry;
  }
}

/** Handles every entry after the stored position, in order. The position advances after each handled entry. */
function passes({ store, consumer }: RunnerParts, isOver: () => boolean): () => Promise<void> {
  const { name } = consumer;
  const { positionOf, advance } = store.consumers;
  let at: Position | undefined;

  const handle = async (entry: Entry) => {
    await consumer.handle(entry, keyOf(consumer, entry)).catch((error: unknown) => {
      throw new NotHandled(entry, error);
    });
    await advance(name, entry.position);
  };
  const pass = async () => {
    at ??= await positionOf(name);
    for (let entries: readonly Entry[] = []; ;) {
      entries = await store.readFrom(at, batch);
      for (const entry of entries) {
        if (isOver()) return;
        if (consumer.wants(entry)) await handle(entry);
        at = entry.position;
      }
      if (entries.length < batch) return;
      await advance(name, at); // so that the next start does not read the skipped entries again
    }
  };
  return () =>
    pass().catch((error: unknown) => {
      at = undefined; // the store has this position now
      throw error;
    });
}

/** Passes entries to a consumer one at a time, and retries for as long as necessary. */
export function runConsumer(parts: RunnerParts): Runner {
  const { consumer, clock, onFault } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  let isOver = false;
  let fault: ConsumerFault | undefined;
  let roused = Promise.withResolvers<void>();
  const pass = passes(parts, () => isOver);

  const note = (error: unknown): ConsumerFault => {
    const { since = clock.now(), tries = 0 } = fault ?? {};
    const of = error instanceof NotHandled ? error.entry : undefined;
    fault = {
      consumer: consumer.name,
      since,
      tries: tries + 1,
      error: error instanceof NotHandled ? error.cause : error,
      ...(of !== undefined && { at: { run: of.run, seq: of.seq } }),
    };
    onFault(fault);
    return fault;
  };
  /** Resolves with the time until the next try; undefined to wait for a new entry. */
  const once = async (): Promise<Millis | undefined> => {
    try {
      await pass();
      if (fault !== undefined) onFault(undefined);
      fault = undefined;
      return undefined;
    } catch (error) {
      return delayAfter(note(error).tries);
    }
  };
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const run = async () => {
    while (!signal.aborted) {
      roused = Promise.withResolvers();
      const delay = await once();
      if (delay === undefined) await Promise.race([roused.promise, ended]);
      else await clock.wait(delay, signal).catch(() => undefined); // a wake-up does not shorten the wait before a retry
    }
    if (!isOver) await once();
  };
  const running = run();
  return {
    wake: () => roused.resolve(),
    stop() {
      isOver = true;
      stopping.abort();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
