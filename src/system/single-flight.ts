import { serialQueue } from './serial-queue.ts';

/**
 * For work that opens its own connections to the target: runs one at a time, however many callers there are. Callers with the
 * same key share one answer; others wait for their turn.
 */
export function singleFlight(): <Answer>(key: string, work: () => Promise<Answer>) => Promise<Answer> {
  const turn = serialQueue();
  const underWay = new Map<string, Promise<unknown>>();
  return <Answer>(key: string, work: () => Promise<Answer>) => {
    const same = underWay.get(key);
    if (same !== undefined) return same as Promise<Answer>;
    const mine = turn(work).finally(() => underWay.delete(key));
    underWay.set(key, mine);
    return mine;
  };
}
