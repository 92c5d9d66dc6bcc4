import pRetry, { AbortError } from 'p-retry';

import { identify } from '../target/identity.ts';
import { type GuardLock, sayHolder, takeGuardLock } from '../target/guard-lock.ts';
import { heldConnection, type HeldConnection } from '../target/connection.ts';
import { type UsersPath, usersPath } from '../target/users-path.ts';
import { type Guarding, lockPatience } from '../rollback/executor.ts';
import type { TargetIdentity } from '../core/evidence/target.ts';
import { type Millis, millis, seconds } from '../core/kernel/units.ts';

/** Few held connections: two for the SQL probes, one for the checks, one for ending sessions, one with the lock. */
export interface TargetDesk extends AsyncDisposable {
  readonly identity: TargetIdentity;
  /** Spreads the SQL probes over the connections that are held for them. */
  probes(place: number): HeldConnection;
  /** The path that users take, for a few connections at a time, none of them held. */
  readonly users: UsersPath;
  readonly checks: HeldConnection;
  readonly control: HeldConnection;
  /** Whether this is the only guard of the target; tries again for a while when the lock was lost with its session. */
  isOnlyGuard(): Promise<Guarding>;
}

export interface DeskParts {
  readonly url: string;
  /** Where users go, when that is another address or login. */
  readonly usersUrl?: string | undefined;
  readonly cost: (spent: Millis) => void;
}

/** Probes on one connection wait for each other, and a connection more is one less for the application. */
const probeConnections = 2;

/** So many visits at once let every probe find out in time that nobody is let in, though each waits for its timeout. */
const mostVisits = 4;
/** Five a second at most, whatever the number of probes. */
const visitsApart = millis(200);

/** Connects, learns which target it is and takes the guard lock. Rejects when any of it is refused. */
export async function openTargetDesk({ url, usersUrl, cost }: DeskParts): Promise<TargetDesk> {
  await using undo = new AsyncDisposableStack();
  const hold = (name: string, readOnly: boolean, seesAllRows = false) =>
    undo.use(heldConnection({ url, name, readOnly, seesAllRows, statementTimeout: seconds(30), cost }));
  const probes = Array.from({ length: probeConnections }, (_, place) => hold(`probes-${place + 1}`, true));
  const [checks, control] = [hold('checks', true, true), hold('control', true, true)];
  const identity = await identify(control);
  const lock = undo.use(await takeGuardLock(url, identity));
  const opened = undo.move();
  return {
    identity,
    probes: (place) => probes[place % probeConnections] ?? control,
    users: usersPath({
      url: usersUrl ?? url,
      asGuard: usersUrl === undefined,
      most: mostVisits,
      apart: visitsApart,
      cost,
    }),
    checks,
    control,
    isOnlyGuard: () => stillOnly(lock),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/**
 * A server that restarts is back in a moment, and our own lost session keeps the lock until the server misses it (about
 * 25 s). Whoever still has it after that is another guard, and a session that is not ours is one at once; a server that
 * answers nothing tells of nobody.
 */
export async function stillOnly(
  lock: Pick<GuardLock, 'held' | 'retake'>,
  patience: typeof lockPatience = lockPatience,
): Promise<Guarding> {
  if (await lock.held()) return 'yes';
  let last: Guarding = 'no-answer';
  const retake = async () => {
    last = 'no-answer';
    const taken = await lock.retake();
    if (taken === 'held') return 'yes' as const;
    last = { rival: sayHolder(taken.holder) };
    const refused = new Error('another session has the guard lock');
    throw taken.mayBeOurs ? refused : new AbortError(refused);
  };
  return pRetry<Guarding>(retake, patience).catch(() => last);
}
