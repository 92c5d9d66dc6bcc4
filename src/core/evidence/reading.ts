import type { ProbeId } from '../kernel/ids.ts';
import { between, type Instant, type Millis, millis } from '../kernel/units.ts';
import type { OwnTime } from './own-time.ts';

/** Where an answer was lost, from the way out to the way back. */
export const failureReasons = ['timeout', 'connect', 'query', 'status', 'assertion'] as const;

/** Why a probe was asked and did not get a right answer in time. Counts as infinitely slow. */
export interface Failure {
  readonly reason: (typeof failureReasons)[number];
  /** SQLSTATE, HTTP status or system error code, where there is one. */
  readonly code?: string;
  /** One line for a person, without secrets. */
  readonly message: string;
}

/** What an answer spends its time on, in the order in which it happens; only ever appended to: the journal keeps places. */
export const partNames = ['name', 'connect', 'tls', 'first_byte', 'body'] as const;
export type Part = (typeof partNames)[number];
/**
 * Lengths of the parts that happened: looking up the name, connecting, agreeing on TLS, waiting for the answer's head, and
 * reading its body. Over HTTP they add up to `took`. In SQL there is only `connect`, beside `took`: from the address to a
 * session that takes the question.
 */
export type Parts = Readonly<Partial<Record<Part, Millis>>>;

/** One answer to a probe. `at` is the moment on the sampling clock at which it was due. */
export type Reading =
  | {
      readonly state: 'answered';
      readonly probe: ProbeId;
      readonly at: Instant;
      /** From asking to the last byte; for SQL without the time to connect. */
      readonly took: Millis;
      /** Absent where nobody told the parts, or, in SQL, no new connection was made for this reading. */
      readonly parts?: Parts;
      /** What the guard took of it for itself, where it is the guard's clock that timed it. Looked at once, and not kept. */
      readonly own?: OwnTime;
    }
  | { readonly state: 'failed'; readonly probe: ProbeId; readonly at: Instant; readonly cause: Failure }
  | {
      readonly state: 'missing';
      readonly probe: ProbeId;
      readonly at: Instant;
      /** Why nobody could look, where a person has to mend it or should know; one line, without secrets. */
      readonly because?: string;
    };

/** What the statement names is not there (SQLSTATE class 42: wrong or undefined), other than what may not be read. */
export const isUndefinedObject = (cause: Failure): boolean =>
  cause.reason === 'query' && /^42(?!501)...$/.test(cause.code ?? '');

/** Milliseconds, infinite for a failure, undefined where there is no evidence either way. */
export function latencyOf(reading: Reading): number | undefined {
  if (reading.state === 'missing') return undefined;
  return reading.state === 'answered' ? reading.took : Number.POSITIVE_INFINITY;
}

/** From one reading to the next, or nothing when they lie so far apart that the guard was blind between them. */
export function seenBetween(last: Instant | undefined, at: Instant, blindAfter: Millis): Millis {
  const passed = last === undefined ? 0 : between(last, at);
  return millis(passed <= blindAfter ? passed : 0);
}
