import type { DatabaseSync } from 'node:sqlite';

import type { GuardId } from '../../core/kernel/ids.ts';
import { after, type Instant, instant, type Millis, millis } from '../../core/kernel/units.ts';
import { StaleEpoch } from '../errors.ts';
import type { Claim, Lease, LeaseShown, Renewal } from '../lease.ts';
import { transaction } from './transaction.ts';

/** A guard's row. It keeps its epoch while no process holds the lease. */
interface Row {
  readonly epoch: number;
  readonly owner?: string;
  readonly until: Instant;
  readonly length: Millis;
}

function readRow(db: DatabaseSync, guard: GuardId): Row | undefined {
  const row = db.prepare('select epoch, owner, until, length from leases where guard = ?').get(guard);
  if (row === undefined) return undefined;
  const { epoch, owner, until, length } = row;
  return {
    epoch: Number(epoch),
    until: instant(Number(until)),
    length: millis(Number(length)),
    ...(typeof owner === 'string' && { owner }),
  };
}

const isCurrent = (row: Row | undefined, epoch: number): row is Row & { readonly owner: string } =>
  row?.epoch === epoch && row.owner !== undefined;

/**
 * Throws StaleEpoch unless this lease is the current one. Call it in the writing transaction, so that no process takes over
 * in between.
 */
export function mustBeCurrent(db: DatabaseSync, { guard, epoch }: LeaseShown): void {
  const row = readRow(db, guard);
  if (!isCurrent(row, epoch)) throw new StaleEpoch(guard, epoch, row?.epoch ?? 0, row?.owner);
}

export function leases(db: DatabaseSync) {
  const write = db.prepare(`insert into leases (guard, epoch, owner, until, length) values (?, ?, ?, ?, ?)
    on conflict (guard) do update set epoch = excluded.epoch, owner = excluded.owner, until = excluded.until,
    length = excluded.length`);
  const extend = db.prepare('update leases set until = ? where guard = ?');
  return {
    claim: (guard: GuardId, owner: string, length: Millis, now: Instant): Claim =>
      transaction(db, () => {
        const row = readRow(db, guard);
        const { epoch = 0, until = now, owner: holder } = row ?? {};
        if (holder !== undefined && holder !== owner && until > now)
          return { state: 'held', by: { guard, owner: holder, epoch, until } };
        const lease = { guard, owner, epoch: epoch + 1, until: after(now, length) };
        write.run(guard, lease.epoch, owner, lease.until, length);
        return { state: 'claimed', lease };
      }),
    renew: (lease: Lease, now: Instant): Renewal =>
      transaction(db, () => {
        const row = readRow(db, lease.guard);
        if (isCurrent(row, lease.epoch)) {
          const until = after(now, row.length);
          extend.run(until, lease.guard);
          return { state: 'renewed', lease: { ...lease, until } };
        }
        const { epoch = 0, owner, until } = row ?? {};
        return { state: 'lost', epoch, ...(owner !== undefined && until !== undefined && { owner, until }) };
      }),
    release: (lease: Lease): void =>
      transaction(db, () => {
        if (isCurrent(readRow(db, lease.guard), lease.epoch)) endLease(db, lease.guard);
      }),
  };
}

const endLease = (db: DatabaseSync, guard: GuardId) =>
  void db.prepare('update leases set owner = null where guard = ?').run(guard);

/** For a process that holds the file alone: every earlier holder of a lease is gone. Epochs do not change. */
export const endAllLeases = (db: DatabaseSync): void =>
  db.exec('update leases set owner = null where owner is not null');
