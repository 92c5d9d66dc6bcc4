import type { Clock } from '../core/kernel/clock.ts';
import { after, type Instant, type Millis, minutes } from '../core/kernel/units.ts';

/** What is ready and not called for is kept so long: whoever asked has given up. */
const keptFor = minutes(1);

interface Preparation<Result> {
  readonly result: Promise<Result>;
  readyAt?: Instant;
}

export interface Preparations<Result> {
  /**
   * The result for this key, which is prepared once, however often it is asked for meanwhile; undefined when it is not
   * ready within `patience`: then it goes on, for whoever asks again. Undefined at once while another key's is being prepared:
   * whoever asks by ever new keys gets no second one begun. Rejects with what the preparation rejects with, and forgets it.
   */
  within(patience: Millis, key: string, prepare: () => Promise<Result>): Promise<Result | undefined>;
}

/** Work that may take longer than a request should: it is called for again instead of being waited for. */
export function preparations<Result>(clock: Clock): Preparations<Result> {
  const pending = new Map<string, Preparation<Result>>();

  const begin = (key: string, prepare: () => Promise<Result>): Preparation<Result> => {
    const begun: Preparation<Result> = { result: prepare() };
    const ready = () => void (begun.readyAt = clock.now());
    begun.result.then(ready, ready);
    pending.set(key, begun);
    return begun;
  };

  return {
    async within(patience, key, prepare) {
      for (const [old, { readyAt }] of pending) {
        if (readyAt !== undefined && after(readyAt, keptFor) < clock.now()) pending.delete(old);
      }
      const mine = pending.get(key);
      if (mine === undefined && [...pending.values()].some(({ readyAt }) => readyAt === undefined)) return undefined;
      const { result } = mine ?? begin(key, prepare);
      const late = new AbortController();
      const enough = clock.wait(patience, late.signal).then(
        () => undefined,
        () => undefined,
      );
      const outcome = result.then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      const first = await Promise.race([outcome, enough]);
      late.abort();
      if (first === undefined) return undefined;
      pending.delete(key);
      if ('error' in first) throw first.error;
      return first.value;
    },
  };
}
