import { sameCluster, sameTarget, sayIdentity, type TargetIdentity } from '../core/evidence/target.ts';
import { addressOf } from './address.ts';
import { WrongServer } from './errors.ts';
import type { LockSession, ServerSeen } from './who-answers.ts';

/** What was known about the target before a session was queried. The target's answer is at least as recent. */
export interface Mark {
  readonly written: bigint;
  /** The session that holds the guard lock; undefined while there is none. */
  readonly lockSession: LockSession | undefined;
  readonly epoch: number;
}

/** What a session needs to decide whether it reached the right server. */
export interface RequiredServer {
  /** Taken before a session is queried, and passed to `require` with its answer. */
  mark(): Mark;
  /** Each new session calls this. Throws WrongServer. Without a mark, a copy of the target passes as the target. */
  require(found: ServerSeen, at: string, mark?: Mark): void;
  /** Changes when the expectation changes: older sessions may belong to a server that was left behind. */
  readonly epoch: number;
}

/** The server that every session must reach: the first session's, until someone confirms another. */
export interface ExpectedServer extends RequiredServer {
  /** Checks only the cluster, for sessions in another of its databases. */
  readonly cluster: RequiredServer;
  /** For an existing session: that it is right says nothing about where new sessions lead. */
  readonly held: Pick<RequiredServer, 'require'>;
  /** Undefined before the first session. */
  readonly expected: TargetIdentity | undefined;
  expect(identity: TargetIdentity): void;
  /** From now on, a server without that session is not the target. */
  lockIsHeldBy(session: () => LockSession | undefined): void;
  /** What new sessions reached instead, one sentence for each address, until a session there is right again. */
  wrong(): readonly string[];
  /** What to record: the target after a failover, or a database of the same name in its place. */
  changed(): TargetIdentity | undefined;
}

const elsewhere = 'Find out where the address leads: a proxy, a DNS name or a failover may have changed it';
const onPurpose =
  'If it was restored or replaced on purpose, confirm it: ripcord confirm target --done --reason "..."; else bring the right one back';

const another = (found: string, wanted: TargetIdentity, todo: string): WrongServer =>
  new WrongServer({ found, wanted: `${sayIdentity(wanted)}, not in recovery`, todo });

/** Undefined if the server is right. Only the last of the reasons may be something that someone intended. */
function mismatch(
  found: ServerSeen,
  wanted: TargetIdentity,
  at: string,
  clusterOnly: boolean,
): WrongServer | undefined {
  const isThere = sameCluster(found, wanted) && (clusterOnly || found.database === wanted.database);
  if (!isThere) return another(`${at}: this is ${sayIdentity(found)}`, wanted, elsewhere);
  if (found.timeline < wanted.timeline) {
    const older = `${at}: this is a server on timeline ${found.timeline}, which a failover to ${wanted.timeline} left behind`;
    return another(older, wanted, elsewhere);
  }
  if (clusterOnly || sameTarget(found, wanted)) return undefined;
  return another(`${at}: this is ${sayIdentity(found)}`, wanted, onPurpose);
}

/** A WAL position in PostgreSQL's notation (manual, "pg_lsn Type"). */
const sayPosition = (bytes: bigint): string =>
  [bytes >> 32n, bytes & 0xffff_ffffn].map((half) => half.toString(16).toUpperCase()).join('/');

const setBack = 'If the target itself was set back on purpose, restart the guard';

const isSame = (a: LockSession, b: LockSession): boolean => a.pid === b.pid && a.login === b.login;

/**
 * A copy of the data has the target's identifiers. It lacks the target's later writes and the session that holds the
 * guard lock. If no lock is held, a copy that has written more than the target cannot be detected.
 */
function copied(found: ServerSeen, wanted: TargetIdentity, at: string, mark: Mark): WrongServer | undefined {
  const { written, lockSession } = mark;
  if (found.written !== undefined && found.written < written) {
    const [ends, reached] = [sayPosition(found.written), sayPosition(written)];
    const older = `${at}: this is a copy of the target, or the target set back: its log ends at ${ends}, and the target’s had reached ${reached}`;
    return another(older, wanted, `${elsewhere}. ${setBack}`);
  }
  if (lockSession === undefined || found.lockSessions.some((one) => isSame(one, lockSession))) return undefined;
  const unseen = `${at}: the session that has the guard’s lock (process ${lockSession.pid}) is not there: this is a copy of the target, or that session has just ended`;
  return another(unseen, wanted, elsewhere);
}

const standby = (found: ServerSeen, at: string): WrongServer =>
  new WrongServer({
    found: `${at}: this is a hot standby (${sayIdentity(found)}), which is read-only`,
    wanted: 'the primary',
    todo: 'Give the address of the primary, or wait until the standby is promoted',
  });

/** A mark from another server, or with a lock that has since been lost, says nothing about this server. */
function copyOf(
  found: ServerSeen,
  wanted: TargetIdentity,
  at: string,
  known: Mark,
  now: Mark,
): WrongServer | undefined {
  if (known.epoch !== now.epoch || found.timeline !== wanted.timeline) return undefined;
  const isStill = known.lockSession !== undefined && now.lockSession && isSame(known.lockSession, now.lockSession);
  return copied(found, wanted, at, { ...known, lockSession: isStill ? now.lockSession : undefined });
}

const failedOver = (expected: TargetIdentity | undefined, changed: TargetIdentity | undefined): readonly string[] =>
  expected === undefined || changed === undefined || changed.timeline === expected.timeline
    ? []
    : [`the server failed over from timeline ${expected.timeline} to ${changed.timeline}, which is not recorded yet`];

export function expectedServer(): ExpectedServer {
  let expected: TargetIdentity | undefined;
  let epoch = 0;
  let changed: TargetIdentity | undefined;
  let written = 0n;
  let lockSession: (() => LockSession | undefined) | undefined;
  const wrong = new Map<string, string>();

  const mark = (): Mark => ({ written, lockSession: lockSession?.(), epoch });

  const requiring = (clusterOnly: boolean, isNew: boolean) => (found: ServerSeen, at: string, known?: Mark) => {
    const { standby: isStandby, written: position = 0n, lockSessions: _, ...identity } = found;
    const other = (wanted: TargetIdentity) =>
      mismatch(found, wanted, at, clusterOnly) ?? (known && copyOf(found, wanted, at, known, mark()));
    const fault = isStandby ? standby(found, at) : expected && other(expected);
    if (fault !== undefined) {
      wrong.set(at, fault.message);
      if (fault.todo === onPurpose) changed = identity;
      throw fault;
    }
    if (isNew) wrong.delete(at);
    if (identity.timeline === (expected ?? identity).timeline && position > written) written = position;
    if (clusterOnly) return;
    if (expected !== undefined && identity.timeline > expected.timeline) changed = identity;
    expected ??= identity;
  };

  const require = requiring(false, true);
  const requireCluster = requiring(true, true);
  return {
    require,
    mark,
    get epoch() {
      return epoch;
    },
    cluster: {
      require: requireCluster,
      mark,
      get epoch() {
        return epoch;
      },
    },
    held: { require: requiring(false, false) },
    get expected() {
      return expected;
    },
    expect(identity) {
      if (expected !== undefined) epoch += 1;
      [expected, changed, written] = [identity, undefined, 0n];
      wrong.clear();
    },
    lockIsHeldBy(session) {
      lockSession = session;
    },
    wrong: () => [...wrong.values(), ...failedOver(expected, changed)],
    changed: () => changed,
  };
}

/**
 * The server that a login must reach. A login that the plan leads to another database, such as `postgres` to swap
 * databases by name, is checked for the cluster alone.
 */
export const serverFor = (server: ExpectedServer, url: string, targetUrl: string): RequiredServer =>
  addressOf(url).database === addressOf(targetUrl).database ? server : server.cluster;
