import type { Clock } from '../core/kernel/clock.ts';
import type { Position } from '../core/kernel/ids.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';
import type { Entry, Journal } from '../journal/journal.ts';
import { type Consumer, type ConsumerFault, keyOf } from './consumer.ts';

export interface RunnerParts {
  readonly store: Pick<Journal, 'readFrom' | 'consumers'>;
  readonly consumer: Consumer;
  readonly clock: Clock;
  /** Told of each failure, and once with undefined when it gets on again. */
  readonly onFault: (fault: ConsumerFault | undefined) => void;
}

/** Disposed of, it hands over what is there once more, tries nothing twice, and ends. */
export interface Runner extends AsyncDisposable {
  /** There may be entries. */
  wake(): void;
  /** Begins nothing more: another process does the work now. */
  stop(): void;
}

const batch = 200;
const firstDelay = seconds(1);
const longestDelay = seconds(60);
const delayAfter = (tries: number): Millis => millis(Math.min(longestDelay, firstDelay * 2 ** (tries - 1)));

/** Thrown by the pass, with the entry that it did not get past. */
class NotHandled extends Error {
  readonly entry: Entry;
  constructor(entry: Entry, cause: unknown) {
    super('a consumer did not handle an entry', { cause });
    this.entry = entry;
  }
}

/** Everything from the stored position on, in order; the position follows each entry that was handled. */
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
      await advance(name, at); // what was passed over is not read again after the next start
    }
  };
  return () =>
    pass().catch((error: unknown) => {
      at = undefined; // the store knows it
      throw error;
    });
}

/** Hands a consumer its entries, one after the other, for as long as it takes. */
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
  /** Resolves with how long to wait before the next one; undefined where only a new entry calls for it. */
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
      else await clock.wait(delay, signal).catch(() => undefined); // whoever wakes it makes it no faster
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
