import type { ProbeBaseline } from '../evidence/baseline.ts';
import { type Failure, isUndefinedObject, type Reading, seenBetween } from '../evidence/reading.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import type { ProbeId } from '../kernel/ids.ts';
import { type Instant, type Millis, millis } from '../kernel/units.ts';
import type { Reason, Verdict } from './verdict.ts';

/** How long a question may stay without a right answer: in general, and when what it names is not there (SQLSTATE 42). */
export interface Patience {
  readonly brokenFor: Millis;
  readonly undefinedFor: Millis;
}

/** A run of failures without an answer between them. Time in which the guard was blind neither breaks nor lengthens it. */
interface Outage {
  readonly since: Instant;
  /** How long it was seen to last, from failure to failure. */
  readonly seen: Millis;
  /** The same for its latest part, in which what the question names was not there. */
  readonly goneFor?: Millis;
  readonly failures: number;
  readonly cause: Failure;
}

/** What one probe's readings say about whether it works: the fold of `noteHealth`. */
export interface Health {
  readonly lastEvidence?: Instant;
  readonly outage?: Outage;
}

/** Takes in one reading; one that is missing, out of order or a repetition changes nothing. */
export function noteHealth(health: Health, reading: Reading, blindAfter: Millis): Health {
  const { lastEvidence, outage: before } = health;
  if (reading.state === 'missing' || (lastEvidence !== undefined && reading.at <= lastEvidence)) return health;
  if (reading.state === 'answered') return { lastEvidence: reading.at };
  const { cause, at } = reading;
  const step = seenBetween(lastEvidence, at, blindAfter);
  const longer = (length: Millis | undefined): Millis => millis(length === undefined ? 0 : length + step);
  return {
    lastEvidence: at,
    outage: {
      since: before?.since ?? at,
      seen: longer(before?.seen),
      failures: (before?.failures ?? 0) + 1,
      cause,
      ...(isUndefinedObject(cause) && { goneFor: longer(before?.goneFor) }),
    },
  };
}

const sayFailures = (failures: number, seen: Millis, since: Instant): string =>
  failures === 1
    ? `has failed once, at ${sayTime(since)}`
    : `has failed ${failures} times in a row for ${sayDuration(seen)} since ${sayTime(since)}`;

const sayBefore = ({ latencies, failed }: ProbeBaseline): string =>
  `${failed} of ${latencies.length + failed} readings failed`;

/**
 * Criterion 1 for one probe: broken without a break for strictly longer than it may be. `blindFor`: how long the guard has
 * had no evidence from it, where that is too long to know anything; a breach that was seen before still stands.
 */
export function probeVerdict(
  probe: ProbeId,
  { lastEvidence, outage }: Health,
  patience: Patience,
  baseline?: ProbeBaseline,
  blindFor?: Millis,
): Verdict {
  const rule = `broken_for: ${sayDuration(patience.brokenFor)}`;
  const common = { criterion: 'functionality', subject: probe } as const;
  const calm = (status: 'ok' | 'unknown', because: Reason, summary: string): Verdict => ({
    ...common,
    status,
    because,
    warning: false,
    summary: `${probe}${summary}`,
    facts: { rule },
  });
  if (lastEvidence === undefined) return calm('unknown', 'never-asked', ' has no reading yet');
  const overGone = (outage?.goneFor ?? 0) > patience.undefinedFor;
  const breach = outage !== undefined && (outage.seen > patience.brokenFor || overGone);
  if (blindFor !== undefined && !breach) {
    return calm('unknown', 'could-not-look', `: no evidence for ${sayDuration(blindFor)}, so nothing is known`);
  }
  if (outage === undefined) return calm('ok', 'answers', ' answers');
  return {
    ...common,
    status: breach ? 'breach' : 'ok',
    because: breach ? 'broken' : 'broken-but-young',
    warning: !breach,
    summary: `${probe} ${sayFailures(outage.failures, outage.seen, outage.since)}: ${outage.cause.message}`,
    facts: {
      rule: overGone ? `undefined_for: ${sayDuration(patience.undefinedFor)}` : rule,
      ...(baseline !== undefined && { was: sayBefore(baseline) }),
      is: outage.cause.code === undefined ? outage.cause.reason : `${outage.cause.reason} ${outage.cause.code}`,
      readings: outage.failures,
      since: outage.since,
    },
  };
}
