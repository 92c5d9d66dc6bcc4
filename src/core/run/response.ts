import type { RollbackId } from '../kernel/ids.ts';
import { evolveWatch, type Watch, type WatchEvent } from '../watch/watch.ts';
import type { RollbackEvent } from '../response/events.ts';
import { evolveRollback, isCutShort, isUnderWay, type Rollback } from '../response/rollback.ts';

/** What was tried since a phase started last, and did not hold. */
export interface Tried {
  /** The last rollback that was given up after its first step, until one is done. */
  readonly givenUp?: Rollback;
  /** The last restore that was given up: no other is proposed, whatever lower rung is tried after it. */
  readonly restore?: RollbackId;
}

interface AfterRollback {
  /** The newest one. */
  readonly rollback: Rollback;
  readonly tried: Tried;
}

/** Where the response to breaches stands. When a phase starts, it begins again: everything may be undone. */
export type ResponseState =
  /** Nothing was undone since a phase started last. What was undone before is kept to be shown. */
  | { readonly stands: 'idle'; readonly last?: { readonly rollback: Rollback; readonly watch?: Watch } }
  | ({ readonly stands: 'rolling-back' } & AfterRollback)
  /** Done, or ended before its last step, and nothing is watched. */
  | ({ readonly stands: 'ended' } & AfterRollback)
  | ({ readonly stands: 'watching' | 'settled'; readonly watch: Watch } & AfterRollback);

export const noResponse: ResponseState = { stands: 'idle' };

const nothingTried: Tried = {};

export const triedIn = (response: ResponseState): Tried => (response.stands === 'idle' ? nothingTried : response.tried);

/** The newest rollback, under way or over. */
export const rollbackIn = (response: ResponseState): Rollback | undefined =>
  response.stands === 'idle' ? response.last?.rollback : response.rollback;

/** The newest watch, unless a rollback has begun since. */
export function watchIn(response: ResponseState): Watch | undefined {
  if (response.stands === 'idle') return response.last?.watch;
  return 'watch' in response ? response.watch : undefined;
}

/** What is tried and has not held, once the rollback ended as it did. */
function triedAfter(tried: Tried, rollback: Rollback): Tried {
  if (isCutShort(rollback)) {
    const isRestore = rollback.procedure.kind === 'restore';
    return { ...tried, givenUp: rollback, ...(isRestore && { restore: rollback.id }) };
  }
  if (rollback.state !== 'done') return tried; // the guard ended it before its first step
  const { givenUp: _, ...left } = tried;
  return left;
}

/** `seq` is the event's place in its run. */
export function evolveRollingBack(response: ResponseState, event: RollbackEvent, seq: number): ResponseState {
  const rollback = evolveRollback(rollbackIn(response), event, seq);
  if (rollback === undefined) return response;
  if (event.type === 'rollback-started') return { stands: 'rolling-back', rollback, tried: triedIn(response) };
  if (response.stands === 'idle') return { ...response, last: { ...response.last, rollback } };
  if (response.stands !== 'rolling-back' || isUnderWay(rollback)) return { ...response, rollback };
  return { stands: 'ended', rollback, tried: triedAfter(response.tried, rollback) };
}

export function evolveWatching(response: ResponseState, event: WatchEvent): ResponseState {
  if (response.stands === 'idle') return response;
  const watch = evolveWatch(watchIn(response), event);
  if (watch === undefined) return response;
  const { rollback, tried } = response;
  return { stands: watch.state, rollback, watch, tried };
}

/** A phase has started. */
export function endResponse(response: ResponseState): ResponseState {
  const [rollback, watch] = [rollbackIn(response), watchIn(response)];
  if (rollback === undefined || response.stands === 'rolling-back') return response;
  return { stands: 'idle', last: { rollback, ...(watch !== undefined && { watch }) } };
}
