import type { Refusal } from './refusal.ts';

/** So many tables of one owner are waited for in one look, each for as long as a lock is waited for. */
const mostLocked = 10;
const lockNotGranted = '55P03';

/** Whose tables are read together: of a foreign key two owners, of anything else one. */
type Owners = readonly (string | null | undefined)[];

/**
 * Whoever owns a table can lock it, and may own thousands: a look that waited for each would take an hour, and hold up all
 * others that read much. So of an owner whose tables are locked one after the other the rest is not read, and named.
 */
export interface LockPatience {
  /** Why what belongs to these is not waited for any more; undefined where it is. */
  over(owners: Owners): string | undefined;
  /** It could not be read. */
  met(owners: Owners, refusal: Refusal): void;
}

const keyOf = (owners: Owners): string => [...new Set(owners.map((owner) => owner ?? ''))].toSorted().join(', ');

export function lockPatience(): LockPatience {
  const locked = new Map<string, number>();
  return {
    over: (owners) =>
      (locked.get(keyOf(owners)) ?? 0) < mostLocked
        ? undefined
        : `it is not waited for, since ${mostLocked} other tables of ${keyOf(owners)} are locked`,
    met(owners, { code }) {
      if (code === lockNotGranted) locked.set(keyOf(owners), (locked.get(keyOf(owners)) ?? 0) + 1);
    },
  };
}
