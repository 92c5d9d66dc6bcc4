import type { Place } from './place.ts';
import type { StepState } from './rollback.ts';

const isSamePlace = (a: Place, b: Place): boolean => a.host === b.host && a.bootId === b.bootId;

/**
 * Where the command of the latest attempt may run unseen from `here`. Undefined if it ran here, if it left no process
 * anywhere, or if a person has already answered for that place. Sessions are visible from everywhere.
 */
export function unseenPlace({ step, state, on, unseen }: StepState, here: Place): Place | undefined {
  if (step.kind !== 'command' || on === undefined || isSamePlace(on, here)) return undefined;
  const isAnswered = (state === 'again' || state === 'accepted') && unseen !== undefined && isSamePlace(unseen, on);
  return isAnswered || state === 'done' ? undefined : on;
}

/** Describes that place for the person who has to check it. */
export const sayUnseen = (place: Place, here: Place): string =>
  place.host === here.host
    ? `on ${place.host}, before that machine was restarted, or on another machine of that name`
    : `on ${place.host}, and this guard runs on ${here.host}`;
