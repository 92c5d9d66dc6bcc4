import type { GuardId } from '../core/kernel/ids.ts';
import type { Instant, Millis } from '../core/kernel/units.ts';

/** A process's right to write for one guard, until a moment of the store's clock. */
export interface Lease {
  readonly guard: GuardId;
  /** A description that identifies the process among all others. */
  readonly owner: string;
  /** Raised by each claim and never lowered. It separates what an earlier owner writes from what the current owner writes. */
  readonly epoch: number;
  readonly until: Instant;
}

/** The part of a lease that an append must show. */
export type LeaseShown = Pick<Lease, 'guard' | 'epoch'>;

export type Claim =
  | { readonly state: 'claimed'; readonly lease: Lease }
  /** Another process holds the guard, and its lease has not expired. */
  | { readonly state: 'held'; readonly by: Lease };

export type Renewal =
  | { readonly state: 'renewed'; readonly lease: Lease }
  /** Another process took over, or the lease was released. `owner` is absent if no process holds it now. */
  | { readonly state: 'lost'; readonly epoch: number; readonly owner?: string; readonly until?: Instant };

/**
 * Controls who may write for a guard. Only the store's clock decides when a lease expires. An expired lease that no process
 * took over is still the current one and can be renewed and used, because no other process can have written in the meantime.
 */
export interface PhaseLeases {
  /**
   * Claims the guard if no process holds it, if its lease has expired, or if `owner` holds it already. Each claim raises the
   * epoch, so that nothing can be written under an earlier one.
   */
  claim(guard: GuardId, owner: string, length: Millis): Promise<Claim>;
  /** Extends the lease from now, by the length of the claim. */
  renew(lease: Lease): Promise<Renewal>;
  /** Lets the next process claim the guard immediately. Does nothing if the lease was lost. */
  release(lease: Lease): Promise<void>;
}
