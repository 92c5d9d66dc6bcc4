import type { RollbackId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { RollbackEvent } from './events.ts';

/** The phases' role cannot log in, from before its sessions are ended until after the rollback. */
export interface Fence {
  readonly role: string;
  /** The rollback that raised the fence. */
  readonly rollback: RollbackId;
  readonly raisedAt: Instant;
  /** The statement that restores the login right. */
  readonly lift: string;
  /** Why the login right could not be restored although the rollback is over. */
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
