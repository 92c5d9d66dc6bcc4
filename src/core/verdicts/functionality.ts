import type { ProbeBaseline } from '../evidence/baseline.ts';
import { type Failure, isUndefinedObject, isUnreached, type Reading, seenBetween } from '../evidence/reading.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import type { ProbeId } from '../kernel/ids.ts';
import { type Instant, type Millis, millis } from '../kernel/units.ts';
import type { Reason, Verdict } from './verdict.ts';

/** How long a probe may fail: in general, and if what it names does not exist (SQLSTATE class 42). */
export interface Patience {
  readonly brokenFor: Millis;
  readonly undefinedFor: Millis;
}

/** A series of failures without a success between them. Time in which the guard was blind neither ends nor lengthens it. */
interface Outage {
  readonly since: Instant;
  /** Its observed length, from failure to failure. */
  readonly seen: Millis;
  /** The part of it in which the target was reached and gave no correct answer. */
  readonly reachedFor: Millis;
  /** The observed length of its latest part, in which what the probe names did not exist. */
  readonly goneFor?: Millis;
  readonly failures: number;
  readonly cause: Failure;
}

/** Whether a probe works, according to its readings: the fold of `noteHealth`. */
export interface Health {
  readonly lastEvidence?: Instant;
  readonly outage?: Outage;
}

/** Adds a reading; a missing, out-of-order or repeated one changes nothing. */
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
      reachedFor: isUnreached(reading) ? (before?.reachedFor ?? millis(0)) : longer(before?.reachedFor),
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

/** Without the readings that got no connection, the probe would not be broken for longer than allowed. */
const unreachedDoubt = 'nothing responds, and undoing a phase may not fix that';

/**
 * Criterion 1 for one probe: a breach if it was broken continuously for strictly longer than allowed. `blindFor`: how long
 * the guard has had no evidence, if that is too long to judge. A breach that was seen before remains.
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
  const noBreach = (status: 'ok' | 'unknown', because: Reason, summary: string): Verdict => ({
    ...common,
    status,
    because,
    warning: false,
    summary: `${probe}${summary}`,
    facts: { rule },
  });
  if (lastEvidence === undefined) return noBreach('unknown', 'never-asked', ' has no reading yet');
  const overGone = (outage?.goneFor ?? 0) > patience.undefinedFor;
  const breach = outage !== undefined && (outage.seen > patience.brokenFor || overGone);
  if (blindFor !== undefined && !breach) {
    return noBreach('unknown', 'could-not-look', `: no evidence for ${sayDuration(blindFor)}, so nothing is known`);
  }
  if (outage === undefined) return noBreach('ok', 'answers', ' answers');
  return {
    ...common,
    status: breach ? 'breach' : 'ok',
    because: breach ? 'broken' : 'broken-pending',
    warning: !breach,
    ...(breach && !overGone && outage.reachedFor <= patience.brokenFor && { onlyRecommend: unreachedDoubt }),
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
