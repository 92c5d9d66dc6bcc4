import { serialQueue } from './serial-queue.ts';

/**
 * For what costs the target connections of its own: done once at a time, however many ask. Those who ask with the same key get
 * one answer, the others wait for their turn.
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
