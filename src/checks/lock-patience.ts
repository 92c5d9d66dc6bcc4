import type { Refusal } from './refusal.ts';

/** The number of one owner's locked tables that an evaluation waits for, each for the lock timeout. */
const mostLocked = 10;
const lockNotGranted = '55P03';

/** The owners of the tables that one statement reads: two for a foreign key, otherwise one. */
type Owners = readonly (string | null | undefined)[];

/**
 * An owner can lock its tables and may own thousands. An evaluation that waited for each lock would take an hour and
 * hold up every other expensive check. So once an owner's tables prove locked one after the other, the check skips the
 * rest of that owner's tables and names them.
 */
export interface LockPatience {
  /** Why the check no longer waits for relations of these owners; undefined if it still does. */
  over(owners: Owners): string | undefined;
  /** Records that a relation of these owners could not be read. */
  met(owners: Owners, refusal: Refusal): void;
}

const keyOf = (owners: Owners): string => [...new Set(owners.map((owner) => owner ?? ''))].toSorted().join(', ');

export function lockPatience(): LockPatience {
  const locked = new Map<string, number>();
  return {
    over: (owners) =>
      (locked.get(keyOf(owners)) ?? 0) < mostLocked
        ? undefined
        : `the check no longer waits for it, because ${mostLocked} other tables of ${keyOf(owners)} are locked`,
    met(owners, { code }) {
      if (code === lockNotGranted) locked.set(keyOf(owners), (locked.get(keyOf(owners)) ?? 0) + 1);
    },
  };
}
