import type { RollbackId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { RollbackEvent } from './events.ts';

/** The phases' role may not log in: from before its sessions are ended until after the rollback. */
export interface Fence {
  readonly role: string;
  /** The rollback that raised it. */
  readonly rollback: RollbackId;
  readonly raisedAt: Instant;
  /** The statement that gives the right back. */
  readonly lift: string;
  /** Why it could not be given back, though the rollback is over. */
  readonly trouble?: string;
}

export function evolveFence(fence: Fence | undefined, event: RollbackEvent): Fence | undefined {
  if (event.type === 'fence-raised') {
    const { role, rollback, at, lift } = event;
    return { role, rollback, raisedAt: at, lift };
  }
  if (event.type === 'fence-lifted') return undefined;
  return event.type === 'fence-stands' && fence !== undefined ? { ...fence, trouble: event.because } : fence;
}
