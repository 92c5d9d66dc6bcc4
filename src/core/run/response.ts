import type { RollbackId } from '../kernel/ids.ts';
import { evolveWatch, type Watch, type WatchEvent } from '../watch/watch.ts';
import type { RollbackEvent } from '../response/events.ts';
import { evolveRollback, isCutShort, isUnderWay, type Rollback } from '../response/rollback.ts';

/** Rollbacks that failed since the last phase start. */
export interface Tried {
  /** The last rollback that was given up after its first step, until one is completed. */
  readonly givenUp?: Rollback;
  /** The last restore that was given up: no other restore is proposed, even if a script rollback follows. */
  readonly restore?: RollbackId;
}

interface AfterRollback {
  /** The newest one. */
  readonly rollback: Rollback;
  readonly tried: Tried;
}

/** The state of the response to breaches. It starts over when a phase starts, and everything may be undone again. */
export type ResponseState =
  /** Nothing was undone since the last phase start. The previous rollback is kept for display. */
  | { readonly state: 'idle'; readonly last?: { readonly rollback: Rollback; readonly watch?: Watch } }
  | ({ readonly state: 'rolling-back' } & AfterRollback)
  /** Completed or ended early, without a watch. */
  | ({ readonly state: 'ended' } & AfterRollback)
  | ({ readonly state: 'watching' | 'settled'; readonly watch: Watch } & AfterRollback);

export const noResponse: ResponseState = { state: 'idle' };

const nothingTried: Tried = {};

export const triedIn = (response: ResponseState): Tried => (response.state === 'idle' ? nothingTried : response.tried);

/** The newest rollback, current or past. */
export const rollbackIn = (response: ResponseState): Rollback | undefined =>
  response.state === 'idle' ? response.last?.rollback : response.rollback;

/** The newest watch, unless a rollback has begun since. */
export function watchIn(response: ResponseState): Watch | undefined {
  if (response.state === 'idle') return response.last?.watch;
  return 'watch' in response ? response.watch : undefined;
}

/** The failed rollbacks, once this rollback has ended. */
function triedAfter(tried: Tried, rollback: Rollback): Tried {
  if (isCutShort(rollback)) {
    const isRestore = rollback.procedure.kind === 'restore';
    return { ...tried, givenUp: rollback, ...(isRestore && { restore: rollback.id }) };
  }
  if (rollback.state !== 'done') return tried; // the guard ended it before its first step
  const { givenUp: _, ...left } = tried;
  return left;
}

/** `seq` is the event's position in its run. */
export function evolveRollingBack(response: ResponseState, event: RollbackEvent, seq: number): ResponseState {
  const rollback = evolveRollback(rollbackIn(response), event, seq);
  if (rollback === undefined) return response;
  if (event.type === 'rollback-started') return { state: 'rolling-back', rollback, tried: triedIn(response) };
  if (response.state === 'idle') return { ...response, last: { ...response.last, rollback } };
  if (response.state !== 'rolling-back' || isUnderWay(rollback)) return { ...response, rollback };
  return { state: 'ended', rollback, tried: triedAfter(response.tried, rollback) };
}

export function evolveWatching(response: ResponseState, event: WatchEvent): ResponseState {
  if (response.state === 'idle') return response;
  const watch = evolveWatch(watchIn(response), event);
  if (watch === undefined) return response;
  const { rollback, tried } = response;
  return { state: watch.state, rollback, watch, tried };
}

/** Called when a phase starts. */
export function endResponse(response: ResponseState): ResponseState {
  const [rollback, watch] = [rollbackIn(response), watchIn(response)];
  if (rollback === undefined || response.state === 'rolling-back') return response;
  return { state: 'idle', last: { rollback, ...(watch !== undefined && { watch }) } };
}
