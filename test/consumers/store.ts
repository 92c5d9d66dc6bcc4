import { guardId, hash, type Position, position, runId } from '../../src/core/kernel/ids.ts';
import { instant } from '../../src/core/kernel/units.ts';
import { PositionBeyondEnd, PositionGoesBack } from '../../src/journal/errors.ts';
import type { Entry, Journal } from '../../src/journal/journal.ts';

export const guard = guardId('plan', 'test');
export const neighbour = guardId('plan', 'staging');

export type Store = Pick<Journal, 'readFrom' | 'consumers'>;

/** In-memory entries with gaps in their positions, as a store may have. */
export function memoryStore() {
  const entries: Entry[] = [];
  const positions = new Map<string, Position>();
  const end = () => entries.at(-1)?.position ?? position(0);
  const store: Store = {
    async readFrom(after, limit) {
      if (after > end()) throw new PositionBeyondEnd(after, end());
      return entries.filter((entry) => entry.position > after).slice(0, limit);
    },
    consumers: {
      positionOf: async (consumer) => positions.get(consumer) ?? position(0),
      async advance(consumer, to) {
        if (to > end()) throw new PositionBeyondEnd(to, end());
        const stored = positions.get(consumer) ?? position(0);
        if (to < stored) throw new PositionGoesBack(consumer, to, stored);
        positions.set(consumer, to);
      },
    },
  };
  return {
    store,
    end,
    /** Appends events of these types to a run. */
    add(run: string, types: readonly string[], by = guard) {
      for (const type of types) {
        const seq = entries.filter((entry) => entry.run === run).length + 1;
        const event = { type, v: 1, at: instant(0) };
        const none = hash('sha256:0');
        entries.push({ run: runId(run), seq, position: position(end() + 3), guard: by, event, prev: none, hash: none });
      }
    },
  };
}

/** The same store for a process that is killed at its `nth` operation: from then on, its callers wait for ever. */
export function mortal(store: Store, nth: number) {
  let left = nth;
  const forever = new Promise<never>(() => undefined);
  /** Before and after the operation: the process may die without knowing that it was done. */
  const lived = async <T>(work: () => Promise<T>): Promise<T> => {
    if (--left < 0) return forever;
    const result = await work();
    return --left < 0 ? forever : result;
  };
  return {
    lived,
    isDead: () => left < 0,
    store: {
      readFrom: (after, limit) => lived(() => store.readFrom(after, limit)),
      consumers: {
        positionOf: (consumer) => lived(() => store.consumers.positionOf(consumer)),
        advance: (consumer, to) => lived(() => store.consumers.advance(consumer, to)),
      },
    } satisfies Store,
  };
}
