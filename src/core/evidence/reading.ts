import type { ProbeId } from '../kernel/ids.ts';
import { between, type Instant, type Millis, millis } from '../kernel/units.ts';
import type { OwnTime } from './own-time.ts';

/** The stage at which a reading failed, from connecting to checking the answer. */
export const failureReasons = ['timeout', 'connect', 'query', 'status', 'assertion'] as const;

/** Why a probe got no correct answer in time. Counts as infinitely slow. */
export interface Failure {
  readonly reason: (typeof failureReasons)[number];
  /** SQLSTATE, HTTP status or system error code, if there is one. */
  readonly code?: string;
  /** One line for a person, without secrets. */
  readonly message: string;
}

/** The parts of an answer's time, in chronological order. Append only: the journal stores positions in this list. */
export const partNames = ['name', 'connect', 'tls', 'first_byte', 'body'] as const;
export type Part = (typeof partNames)[number];
/**
 * Lengths of the parts that happened: name lookup, connecting, TLS handshake, waiting for the response head, and reading the
 * body. Over HTTP they add up to `took`. SQL has only `connect`, which does not count in `took`: from the address to a
 * session that accepts the query.
 */
export type Parts = Readonly<Partial<Record<Part, Millis>>>;

/** One reading of a probe. `at` is the moment on the sampling clock at which it was due. */
export type Reading =
  | {
      readonly state: 'answered';
      readonly probe: ProbeId;
      readonly at: Instant;
      /** From sending the request to the last byte; for SQL without the time to connect. */
      readonly took: Millis;
      /** Absent if the parts were not measured or, for SQL, if the reading used an existing connection. */
      readonly parts?: Parts;
      /** The guard's own share of the time, if the guard timed it. Evaluated once and not stored. */
      readonly own?: OwnTime;
    }
  | { readonly state: 'failed'; readonly probe: ProbeId; readonly at: Instant; readonly cause: Failure }
  | {
      readonly state: 'missing';
      readonly probe: ProbeId;
      readonly at: Instant;
      /** Why the guard could not take the reading, if a person should know or fix it; one line, without secrets. */
      readonly because?: string;
    };

/** What the statement names does not exist (SQLSTATE class 42, syntax error or undefined), except for missing permissions. */
export const isUndefinedObject = (cause: Failure): boolean =>
  cause.reason === 'query' && /^42(?!501)...$/.test(cause.code ?? '');

/** No connection was made, so the failure need not be the target's: undoing a phase may not repair it. */
export const isUnreached = (reading: Reading): boolean =>
  reading.state === 'failed' && reading.cause.reason === 'connect';

/** Milliseconds, infinite for a failure, undefined if there is no evidence either way. */
export function latencyOf(reading: Reading): number | undefined {
  if (reading.state === 'missing') return undefined;
  return reading.state === 'answered' ? reading.took : Number.POSITIVE_INFINITY;
}

/** The time between two readings, or zero if they are so far apart that the guard was blind in between. */
export function seenBetween(last: Instant | undefined, at: Instant, blindAfter: Millis): Millis {
  const passed = last === undefined ? 0 : between(last, at);
  return millis(passed <= blindAfter ? passed : 0);
}
