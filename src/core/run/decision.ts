import type { Refusal } from '../authority/refusal.ts';
import type { RunEvent } from './events.ts';

/** The events to append, possibly none, or a refusal with its reason. */
export type Decision = { readonly events: readonly RunEvent[] } | { readonly refused: Refusal };

export const nothing: Decision = { events: [] };
export const record = (...events: readonly RunEvent[]): Decision => ({ events });
export const no = (refused: Refusal): Decision => ({ refused });
