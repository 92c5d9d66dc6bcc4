import type { Millis } from '../core/kernel/units.ts';
import { addressOf, sayAddress } from './address.ts';
import { unlessAborted } from './bounded.ts';
import { TargetUnreachable } from './errors.ts';
import type { SessionOptions } from './session-settings.ts';
import type { Answer, QueryOptions, Value } from './query.ts';
import { openSession, type SingleSession } from './single-session.ts';

/**
 * A connection that is held, and made anew by the next question after it was lost. What belongs to one session, such as
 * a lock, uses `openSession` instead, which never changes sessions behind one's back.
 */
export interface HeldConnection extends AsyncDisposable {
  readonly url: string;
  /** One statement at a time, in the order of the calls. Rejects with a TargetError, or with the reason of an abort. */
  query(text: string, values?: readonly Value[], options?: QueryOptions): Promise<Answer>;
  /** Connects now when there is no session: the time it took; undefined when there was one. Rejects as `query` does. */
  connect(signal?: AbortSignal): Promise<Millis | undefined>;
  /** How long the last connect took. */
  readonly connectMs: Millis | undefined;
  /** For good. What is asked afterwards is refused. */
  close(): Promise<void>;
}

const sayConnection = ({ url, name }: SessionOptions): string => `${sayAddress(addressOf(url))}: connection "${name}"`;

const closed = (options: SessionOptions): TargetUnreachable =>
  new TargetUnreachable({
    found: `${sayConnection(options)} was closed`,
    wanted: 'an open one',
    todo: 'Ask before closing it',
  });

/** The next statement of a lost transaction would be committed by itself in a new session. */
const lostTransaction = (options: SessionOptions): TargetUnreachable =>
  new TargetUnreachable({
    found: `${sayConnection(options)} was lost within a transaction, which the server rolled back`,
    wanted: 'the whole transaction in one session',
    todo: 'Begin the transaction again',
  });

/** Does not connect yet, and never fails in the background: a loss is noticed by the next question, which reconnects. */
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

  /** It may be of a server that a failover has left behind. */
  const leaveOutdated = async (): Promise<void> => {
    if (session === undefined || session.lost || !session.outdated || session.inTransaction) return;
    const left = session;
    session = undefined;
    await left.idle(); // what is under way there is answered, and no failure of the target
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
