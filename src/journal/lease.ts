import type { GuardId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';

/** A process's right to write for one guard, until a moment of the store's clock. */
export interface Lease {
  readonly guard: GuardId;
  /** The process, in words that tell it from every other. */
  readonly owner: string;
  /** Raised by each claim and never lowered: it tells what an earlier owner writes from what the present one does. */
  readonly epoch: number;
  readonly until: Instant;
}

/** What an append must show. */
export type LeaseShown = Pick<Lease, 'guard' | 'epoch'>;

export type Claim =
  | { readonly state: 'claimed'; readonly lease: Lease }
  /** By another process, whose lease has not ended. */
  | { readonly state: 'held'; readonly by: Lease };

export type Renewal =
  | { readonly state: 'renewed'; readonly lease: Lease }
  /** Another process took over, or the lease was released. `owner` is absent where nobody holds it now. */
  | { readonly state: 'lost'; readonly epoch: number; readonly owner?: string; readonly until?: Instant };

/**
 * Who may write for a guard. The store's clock alone says when a lease ends. A lease that ended and that nobody took over is
 * still the current one: it can be renewed and written under, since no other process can have written meanwhile.
 */
export interface PhaseLeases {
  /**
   * Takes the guard over when nobody holds it, when its lease has ended, or when `owner` holds it already. Each claim raises
   * the epoch, so that nothing can be written under an earlier one.
   */
  claim(guard: GuardId, owner: string, length: Millis): Promise<Claim>;
  /** Extends the lease by the length that it was claimed for, from now on. */
  renew(lease: Lease): Promise<Renewal>;
  /** Lets the next process claim the guard at once. Does nothing when the lease was lost. */
  release(lease: Lease): Promise<void>;
}
