import type { Place } from './place.ts';
import type { StepState } from './rollback.ts';

const isSamePlace = (a: Place, b: Place): boolean => a.host === b.host && a.bootId === b.bootId;

/**
 * Where the command of the latest attempt may be at work without being seen from `here`; undefined where it ran here, where it
 * left no process anywhere, and where a person who was asked about that place has answered. Sessions are seen from everywhere.
 */
export function unseenPlace({ step, state, on, unseen }: StepState, here: Place): Place | undefined {
  if (step.kind !== 'command' || on === undefined || isSamePlace(on, here)) return undefined;
  const isAnswered = (state === 'again' || state === 'accepted') && unseen !== undefined && isSamePlace(unseen, on);
  return isAnswered || state === 'done' ? undefined : on;
}

/** The same in words, for whoever is asked to look there. */
export const sayUnseen = (place: Place, here: Place): string =>
  place.host === here.host
    ? `on ${place.host}, before that machine was restarted, or on another machine of that name`
    : `on ${place.host}, and this guard runs on ${here.host}`;
