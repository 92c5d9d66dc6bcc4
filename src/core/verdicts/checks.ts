import { doubtOf, type Fault, type Finding, type Status } from '../evidence/finding.ts';
import { sayDuration, sayTime } from '../kernel/duration.ts';
import type { CheckId } from '../kernel/ids.ts';
import { between, type Instant, type Millis } from '../kernel/units.ts';
import type { Expectation } from '../plan/questions.ts';
import { isKnown, sayKnown, sayUnlikened } from '../evidence/known.ts';
import type { Facts, Reason, Verdict } from './verdict.ts';

/** A check's last finding, and since when it has been a continuous breach. */
export interface CheckHistory {
  readonly finding: Finding;
  readonly breachSince?: Instant;
  /** When it last succeeded in looking. */
  readonly knownAt?: Instant;
  /** For a catalogue check: since when each faulty object has been seen, by its name. */
  readonly faultsSince?: ReadonlyMap<string, Instant>;
  /** The same for faults that a phase may have caused: since when it may have. */
  readonly blamedSince?: ReadonlyMap<string, Instant>;
}

type Since = Pick<CheckHistory, 'faultsSince' | 'blamedSince'>;

function sinceOf(before: CheckHistory | undefined, finding: Finding): Since {
  const { faults, at, unseen } = finding;
  if (faults === undefined) return {};
  const goOn = (known: ReadonlyMap<string, Instant> | undefined, seen: readonly Fault[]) => {
    const stillUnknown = unseen === undefined ? [] : (known ?? []);
    return new Map([...stillUnknown, ...seen.map(({ object }) => [object, known?.get(object) ?? at] as const)]);
  };
  const blamed = faults.filter((fault) => doubtOf(fault) === undefined);
  return { faultsSince: goOn(before?.faultsSince, faults), blamedSince: goOn(before?.blamedSince, blamed) };
}

export function noteFinding(before: CheckHistory | undefined, finding: Finding): CheckHistory {
  const sawTheRest = finding.unseenBefore === true;
  const saw = finding.unseen === undefined || sawTheRest;
  const knew = sawTheRest || finding.status === 'ok' || finding.status === 'breach' || finding.warmingUp === true;
  const knownAt = knew && saw ? finding.at : before?.knownAt;
  return { ...noteStatus(before, finding), ...(knownAt !== undefined && { knownAt }) };
}

function noteStatus(before: CheckHistory | undefined, finding: Finding): CheckHistory {
  if (finding.status === 'breach') {
    return { finding, breachSince: before?.breachSince ?? finding.at, ...sinceOf(before, finding) };
  }
  // A check that cannot look does not end a breach.
  if (finding.status === 'ok' || before?.breachSince === undefined) return { finding };
  const { breachSince, faultsSince, blamedSince } = before;
  return {
    finding,
    breachSince,
    ...(faultsSince !== undefined && { faultsSince }),
    ...(blamedSince !== undefined && { blamedSince }),
  };
}

const reasons: Readonly<Record<Exclude<Status, 'breach'>, Reason>> = {
  ok: 'well',
  unknown: 'could-not-look',
  error: 'check-is-broken',
};

export const reasonOf = (status: Exclude<Status, 'breach'>): Reason => reasons[status];

export interface CheckRule {
  readonly check: CheckId;
  readonly criterion: 'integrity' | 'functionality' | 'security';
  readonly expect: Expectation;
  /** Functionality must stay broken for this long; integrity and security veto at once. */
  readonly brokenFor: Millis;
}

const sayExpectation = (expect: Expectation): string => (typeof expect === 'string' ? expect : JSON.stringify(expect));

const sayRule = ({ criterion, expect, brokenFor }: CheckRule): string =>
  criterion === 'functionality'
    ? `expect: ${sayExpectation(expect)}, broken_for: ${sayDuration(brokenFor)}`
    : `expect: ${sayExpectation(expect)}`;

function factsOf(rule: CheckRule, history: CheckHistory | undefined, inBaseline: Finding | undefined): Facts {
  return {
    rule: sayRule(rule),
    ...(inBaseline !== undefined && { was: inBaseline.summary }),
    ...(history !== undefined && { is: history.finding.summary }),
    ...(history?.breachSince !== undefined && { since: history.breachSince }),
  };
}

/**
 * Criteria 1, 2 and 4 for one check. A breach of integrity or security was confirmed before it gets here, and is final. A
 * fault that the baseline already contains never counts as a breach; only new faults do.
 */
export function checkVerdict(
  rule: CheckRule,
  history: CheckHistory | undefined,
  inBaseline: Finding | undefined,
): Verdict {
  const facts = factsOf(rule, history, inBaseline);
  const common = { criterion: rule.criterion, subject: rule.check, facts } as const;
  if (history === undefined) {
    return {
      ...common,
      status: 'unknown',
      because: 'never-asked',
      warning: false,
      summary: `${rule.check} has not run yet`,
    };
  }
  const { finding, breachSince } = history;
  const summary = `${rule.check}: ${finding.summary}`;
  if (finding.status !== 'breach') {
    return { ...common, status: finding.status, because: reasons[finding.status], warning: false, summary };
  }
  const known = isKnown(inBaseline, finding, rule.expect);
  if (known === 'yes') return { ...common, status: 'ok', because: 'known', warning: false, summary: sayKnown(summary) };
  if (known === 'unknown') {
    const said = sayUnlikened(summary, 'baseline');
    return { ...common, status: 'unknown', because: reasons.unknown, warning: false, summary: said };
  }
  const since = breachSince ?? finding.at;
  const pending = rule.criterion === 'functionality' && between(since, finding.at) <= rule.brokenFor;
  return {
    ...common,
    status: pending ? 'ok' : 'breach',
    because: pending ? 'broken-pending' : 'breach',
    warning: pending,
    summary: `${summary} (since ${sayTime(since)})`,
  };
}
