import type { Clock } from '../core/kernel/clock.ts';
import { after, type Instant, type Millis, minutes } from '../core/kernel/units.ts';

/** How long an unclaimed result is kept. After that, its client has given up. */
const keptFor = minutes(1);

interface Preparation<Result> {
  readonly result: Promise<Result>;
  readyAt?: Instant;
}

export interface Preparations<Result> {
  /**
   * The result for this key. Repeated requests share one preparation. Undefined if the result is not ready within `patience`;
   * the preparation then continues for the next request. Undefined at once while another key's preparation runs, so that a
   * client with ever new keys cannot start a second one. Rejects with the preparation's error and forgets it.
   */
  within(patience: Millis, key: string, prepare: () => Promise<Result>): Promise<Result | undefined>;
}

/** Runs work that may take longer than a request: clients ask again instead of waiting for it. */
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
