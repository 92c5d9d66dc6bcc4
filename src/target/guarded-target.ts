import pRetry, { AbortError } from 'p-retry';

import type { TargetIdentity } from '../core/evidence/target.ts';
import type { GuardCondition } from '../core/kernel/ids.ts';
import { seconds } from '../core/kernel/units.ts';
import { WrongServer } from './errors.ts';
import { type ExpectedServer, expectedServer, serverFor } from './expected-server.ts';
import { type GuardLock, sayHolder, takeGuardLock } from './guard-lock.ts';
import { identify } from './identity.ts';
import { type LockWatch, watchLock } from './lock-watch.ts';
import { type Login } from './logins.ts';
import { asksCatalogs } from './session-kinds.ts';
import { openSession } from './single-session.ts';
import { type ConnectionParts, connectionsTo, type TargetConnections } from './target-connections.ts';

/**
 * Whether this guard is the only one of its target, or who else may be; `elsewhere`: another server answers, or a person has
 * to confirm what became of the target. `no-answer`: the target does not say.
 */
export type Guarding = 'yes' | { readonly rival: string } | { readonly elsewhere: string } | 'no-answer';

/** How long the guard lock may be away before a person is asked: a server that restarts is back sooner. */
const lockPatience = { retries: 8, minTimeout: seconds(1), maxTimeout: seconds(8) };

/** The connections to the target, which is known, and which no other guard guards. */
export interface GuardedTarget extends TargetConnections, AsyncDisposable {
  readonly identity: TargetIdentity;
  /** Which server and database each of its sessions must reach. */
  readonly server: ExpectedServer;
  readonly lock: LockWatch;
  /** What all evidence rests on, and cannot be relied on now. */
  unsure(): readonly GuardCondition[];
  /** Why, one sentence each. */
  doubts(): readonly string[];
  /** Asks which server answers, in the session of `control`. Rejects with a TargetError. */
  ask(): Promise<void>;
  /** The same on a new connection: whether whoever connects now reaches the right server. */
  askAnew(login?: Login): Promise<Guarding>;
  /**
   * Whether this is the only guard of the target, and new connections lead there; tries again for a while when the lock was
   * lost with its session.
   */
  isOnlyGuard(): Promise<Guarding>;
}

export interface GuardedTargetParts extends Omit<ConnectionParts, 'server' | 'onCluster'> {
  /** Told once that the users' login may not read which cluster it is in. */
  readonly onUnread?: (sentence: string) => void;
}

/** Connects, learns which target it is and takes the guard lock. Rejects when any of it is refused. */
export async function openGuardedTarget({ onUnread, ...parts }: GuardedTargetParts): Promise<GuardedTarget> {
  await using undo = new AsyncDisposableStack();
  const server = expectedServer();
  const target = { ...parts.target, server };
  const { cost } = parts;
  const connections = connectionsTo({ ...parts, target, onCluster: onceUnread(onUnread) }, undo);
  const { control } = connections;
  const lock = undo.use(await takeGuardLock(target.url, await identify(control, server), { server: server.cluster }));
  server.lockIsHeldBy(() => lock.heldBy);
  const watch = watchLock(lock);
  const ask = async () => void (await identify(control, server.held));
  const askAnew = async (login?: Login): Promise<Guarding> => {
    const asked = asksAnew(target, login);
    try {
      await using _session = await openSession({ ...asked, cost });
      return 'yes';
    } catch (error) {
      if (error instanceof WrongServer) return { elsewhere: error.message };
      if (login !== undefined) return 'no-answer';
    }
    // No slot may be free for another session, which is no reason to let the phases go on.
    return ask().then(
      () => 'yes' as const,
      (error: unknown) => (error instanceof WrongServer ? { elsewhere: error.message } : 'no-answer'),
    );
  };
  const doubts = () => [watch.lost() ?? [], server.wrong()].flat();
  const opened = undo.move();
  return {
    ...connections,
    get identity() {
      return expectedOf(server);
    },
    server,
    lock: watch,
    ask,
    askAnew,
    doubts,
    unsure: () => [
      ...(server.wrong().length > 0 ? (['target'] as const) : []),
      ...(watch.lost() === undefined ? [] : (['guard-lock'] as const)),
    ],
    async isOnlyGuard() {
      const only = await stillOnly(lock);
      if (only !== 'yes') return only;
      const anew = await askAnew();
      const [wrong] = server.wrong();
      return anew === 'yes' && wrong !== undefined ? { elsewhere: wrong } : anew;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The watching login when no other is meant. */
const asksAnew = (target: { readonly url: string; readonly server: ExpectedServer }, login?: Login) => {
  const usual = asksCatalogs(target, 'identity');
  return login === undefined ? usual : { ...usual, ...login, server: serverFor(target.server, login.url, target.url) };
};

function expectedOf({ expected }: ExpectedServer): TargetIdentity {
  if (expected === undefined) throw new TypeError('no session has said yet which server it is');
  return expected;
}

function onceUnread(tell: GuardedTargetParts['onUnread']): (isRead: boolean) => void {
  let told = false;
  return (isRead) => {
    if (!isRead && !told)
      tell?.(
        'the users’ login may not execute pg_control_system(), so on its way only the database is compared, not the cluster',
      );
    told = !isRead;
  };
}

/**
 * A server that restarts is back in a moment, and our own lost session keeps the lock until the server misses it (about
 * 25 s). Whoever still has it after that is another guard, and a session that is not ours is one at once; a server that
 * answers nothing tells of nobody. Where another server answers, waiting makes it no better.
 */
export async function stillOnly(
  lock: Pick<GuardLock, 'held' | 'retake'>,
  patience: typeof lockPatience = lockPatience,
): Promise<Guarding> {
  if (await lock.held()) return 'yes';
  let last: Guarding = 'no-answer';
  const retake = async () => {
    last = 'no-answer';
    const taken = await lock.retake().catch((error: unknown) => {
      if (!(error instanceof WrongServer)) throw error;
      last = { elsewhere: error.message };
      throw new AbortError(error);
    });
    if (taken === 'held') return 'yes' as const;
    last = { rival: sayHolder(taken.holder) };
    const refused = new Error('another session has the guard lock');
    throw taken.mayBeOurs ? refused : new AbortError(refused);
  };
  return pRetry<Guarding>(retake, patience).catch(() => last);
}
