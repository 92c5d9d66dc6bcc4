import type { Status } from '../evidence/finding.ts';
import { worst } from '../evidence/finding.ts';
import type { SlownessState } from '../detection/judge-slowness.ts';
import type { Hash } from '../kernel/ids.ts';
import type { Instant, Ratio } from '../kernel/units.ts';
import { criteriaNames } from '../plan/authority.ts';

export { criteriaNames };
export type Criterion = (typeof criteriaNames)[number];

/** What lets a reader recompute a verdict; values as a person reads them, with their unit. */
export interface Facts {
  /** The rule, in the operator's words: `slower_than: 50%`. */
  readonly rule: string;
  readonly was?: string;
  readonly is?: string;
  readonly ratio?: number;
  readonly readings?: number;
  readonly since?: Instant;
  /** `at most one in 8,000 runs` */
  readonly falseAlarms?: string;
  /** How many times as slow the controls are just now. */
  readonly controlsSlower?: Ratio;
}

/** The state of one criterion for one probe, check or phase, with its reason and its evidence. */
export interface Verdict {
  readonly criterion: Criterion;
  /** The probe, the check, the phase, or `run`. */
  readonly subject: string;
  readonly status: Status;
  /** One word that logs, metrics, messages and report share. */
  readonly because: Reason;
  /** Not a breach, but on the way to one. */
  readonly warning: boolean;
  /** Why this breach, by itself, is for people to act upon, however much was approved beforehand. */
  readonly onlyRecommend?: string;
  /** Of a check whose faults are evidence only. */
  readonly minor?: true;
  /** What a check of the catalogue finds fault with that the baseline does not show: each counts by itself. */
  readonly objects?: readonly string[];
  /** It could not look at everything: what is not among the objects may be wrong still. */
  readonly inPart?: true;
  /** Where `objects` are not all there are, but the gravest and newest: how many more, and a hash of them all. */
  readonly more?: { readonly count: number; readonly hash: Hash };
  /** One sentence for a person. */
  readonly summary: string;
  readonly facts: Facts;
}

export type Reason =
  | SlownessState
  | 'too-few-readings'
  | 'no-baseline'
  | 'baseline-too-short'
  | 'within-estimate'
  | 'over-estimate'
  | 'projected-over-limit'
  | 'over-limit'
  | 'answers'
  | 'broken-but-young'
  | 'broken'
  | 'never-asked'
  | 'well'
  | 'known'
  | 'breach'
  | 'noted'
  | 'holds'
  | 'could-not-look'
  | 'check-is-broken';

/** What a verdict is about; two verdicts with the same key are the same question at different times. */
export const keyOf = ({ criterion, subject }: Pick<Verdict, 'criterion' | 'subject'>): string =>
  `${criterion}:${subject}`;

/** What was found wrong: each faulty object by itself, or the question where it has none. */
export const troublesOf = (verdict: Verdict): readonly string[] =>
  verdict.objects === undefined ? [keyOf(verdict)] : verdict.objects.map((object) => `${keyOf(verdict)}:${object}`);

/** Stands for what is at fault beside the objects that are named, whatever it is called. */
export const crowdOf = (verdict: Pick<Verdict, 'criterion' | 'subject'>): string => `${keyOf(verdict)}:*`;

/** What a phase that starts finds wrong: where not all of it is named, that there is more. */
export const troublesBefore = (verdict: Verdict): readonly string[] =>
  verdict.more === undefined ? troublesOf(verdict) : [...troublesOf(verdict), crowdOf(verdict)];

/** What is evidence only and cannot be told just now says nothing about its criterion. */
const speaks = ({ status, minor }: Verdict): boolean => minor !== true || status === 'ok' || status === 'breach';

/** The worst verdict of each criterion; a criterion about which nobody asked is absent, not well. */
export function byCriterion(all: readonly Verdict[]): ReadonlyMap<Criterion, Status> {
  const verdicts = all.filter(speaks);
  const asked = criteriaNames.filter((name) => verdicts.some(({ criterion }) => criterion === name));
  return new Map(
    asked.map((name) => [name, worst(verdicts.filter((one) => one.criterion === name).map(({ status }) => status))]),
  );
}
