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
 * Whether this guard is the only one of its target, or which other session may be a guard. `elsewhere`: another server
 * answers, or a person must confirm what happened to the target. `no-answer`: the target does not answer.
 */
export type Guarding = 'yes' | { readonly rival: string } | { readonly elsewhere: string } | 'no-answer';

/** How long the guard lock may be lost before a person is asked. A server that restarts is back sooner. */
const lockPatience = { retries: 8, minTimeout: seconds(1), maxTimeout: seconds(8) };

/** The connections to the target, whose identity is known and which no other guard guards. */
export interface GuardedTarget extends TargetConnections, AsyncDisposable {
  readonly identity: TargetIdentity;
  /** The server and database that each of its sessions must reach. */
  readonly server: ExpectedServer;
  readonly lock: LockWatch;
  /** The inputs behind all evidence that are unreliable now. */
  unsure(): readonly GuardCondition[];
  /** The reasons, one sentence each. */
  doubts(): readonly string[];
  /** Asks the session of `control` which server it reached. Rejects with a TargetError. */
  ask(): Promise<void>;
  /** The same on a new connection: whether a session that connects now reaches the right server. */
  askAnew(login?: Login, signal?: AbortSignal): Promise<Guarding>;
  /**
   * Whether this is the only guard of the target and new connections reach it. Retries for a while if the lock was lost
   * with its session.
   */
  isOnlyGuard(): Promise<Guarding>;
}

export interface GuardedTargetParts extends Omit<ConnectionParts, 'server' | 'onCluster'> {
  /** Called once if the users' login may not read the cluster identifier. */
  readonly onUnread?: (sentence: string) => void;
  /** Ends the start, and every connection with it. */
  readonly signal?: AbortSignal | undefined;
}

/** Connects, identifies the target and takes the guard lock. Rejects if any of these fails. */
export async function openGuardedTarget({ onUnread, signal, ...parts }: GuardedTargetParts): Promise<GuardedTarget> {
  await using undo = new AsyncDisposableStack();
  const server = expectedServer();
  const target = { ...parts.target, server };
  const { cost } = parts;
  const connections = connectionsTo({ ...parts, target, onCluster: onceUnread(onUnread) }, undo);
  const { control } = connections;
  const found = await identify(control, server, signal);
  const lock = undo.use(await takeGuardLock(target.url, found, { server: server.cluster, signal }));
  server.lockIsHeldBy(() => lock.heldBy);
  const watch = watchLock(lock);
  const ask = async () => void (await identify(control, server.held));
  const askAnew = async (login?: Login, until?: AbortSignal): Promise<Guarding> => {
    const asked = asksAnew(target, login);
    try {
      await using _session = await openSession({ ...asked, cost }, until);
      return 'yes';
    } catch (error) {
      until?.throwIfAborted();
      if (error instanceof WrongServer) return { elsewhere: error.message };
      if (login !== undefined) return 'no-answer';
    }
    // The server may have no slot for another session, which is no reason to let the phases go on.
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
      const answer = await askAnew();
      const [wrong] = server.wrong();
      return answer === 'yes' && wrong !== undefined ? { elsewhere: wrong } : answer;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Uses the watching login unless another is given. */
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
        'the users’ login may not execute pg_control_system(), so the guard compares only the database on that path, not the cluster',
      );
    told = !isRead;
  };
}

/**
 * A server that restarts is back in a moment, and our own lost session keeps the lock until the server notices (about
 * 25 s). A session that still holds it after that, or one that is certainly not ours, is another guard. A server that
 * does not answer proves nothing about a rival. If another server answers, waiting does not help.
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
