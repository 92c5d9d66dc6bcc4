import type { Millis } from '../core/kernel/units.ts';
import { addressOf, sayAddress } from './address.ts';
import { unlessAborted } from './bounded.ts';
import { TargetUnreachable } from './errors.ts';
import type { SessionOptions } from './session-settings.ts';
import type { Answer, QueryOptions, Value } from './query.ts';
import { openSession, type SingleSession } from './single-session.ts';

/**
 * A held connection. After a loss, the next query reconnects. For state that belongs to one session, such as a lock,
 * use `openSession`, which never changes the session silently.
 */
export interface HeldConnection extends AsyncDisposable {
  readonly url: string;
  /**
   * Runs one statement at a time, in the order of the calls. Rejects with a TargetError, or with the reason of an
   * abort.
   */
  query(text: string, values?: readonly Value[], options?: QueryOptions): Promise<Answer>;
  /**
   * Connects now if there is no session. Returns the time it took, or undefined if there was one. Rejects as `query`
   * does.
   */
  connect(signal?: AbortSignal): Promise<Millis | undefined>;
  /** How long the last connect took. */
  readonly connectMs: Millis | undefined;
  /** Closes for good. Later queries are rejected. */
  close(): Promise<void>;
}

const sayConnection = ({ url, name }: SessionOptions): string => `${sayAddress(addressOf(url))}: connection "${name}"`;

const closed = (options: SessionOptions): TargetUnreachable =>
  new TargetUnreachable({
    found: `${sayConnection(options)} was closed`,
    wanted: 'an open one',
    todo: 'Ask before closing it',
  });

/** In a new session, the next statement of a lost transaction would be committed on its own. */
const lostTransaction = (options: SessionOptions): TargetUnreachable =>
  new TargetUnreachable({
    found: `${sayConnection(options)} was lost within a transaction, which the server rolled back`,
    wanted: 'the whole transaction in one session',
    todo: 'Begin the transaction again',
  });

/** Does not connect yet, and never fails in the background: the next query notices a loss and reconnects. */
export function heldConnection(options: SessionOptions): HeldConnection {
  const closing = new AbortController();
  let session: SingleSession | undefined;
  let opening: Promise<SingleSession> | undefined;

  const open = (): Promise<SingleSession> => {
    opening ??= openSession(options, closing.signal)
      .then((opened) => (session = opened))
      .finally(() => (opening = undefined));
    return opening;
  };

  /** Leaves a session that may belong to a server that a failover replaced. */
  const leaveOutdated = async (): Promise<void> => {
    if (session === undefined || session.lost || !session.outdated || session.inTransaction) return;
    const left = session;
    session = undefined;
    await left.idle(); // let running queries finish, so that they do not count as target failures
    await left.close().catch(() => undefined);
  };

  const current = async (signal: AbortSignal | undefined): Promise<SingleSession> => {
    if (closing.signal.aborted) throw closed(options);
    await leaveOutdated();
    if (session?.lost === true && session.inTransaction) {
      session = undefined;
      throw lostTransaction(options);
    }
    return session?.lost === false ? session : unlessAborted(open(), signal);
  };

  const close = async () => {
    closing.abort(closed(options));
    await opening?.catch(() => undefined);
    await session?.close();
  };

  return {
    url: options.url,
    query: async (text, values, asked) => (await current(asked?.signal)).query(text, values, asked),
    async connect(signal) {
      if (session?.lost === false && !session.outdated && !closing.signal.aborted) return undefined;
      return (await current(signal)).connectMs;
    },
    get connectMs() {
      return session?.connectMs;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
