import type { RunEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { RunState } from './state.ts';

/** The state of a run after these events. */
export const fold = (state: RunState | undefined, events: readonly RunEvent[]): RunState | undefined =>
  events.reduce<RunState | undefined>((so, event) => evolve(so, event), state);
