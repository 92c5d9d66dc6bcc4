import type { Status } from '../evidence/finding.ts';
import { worst } from '../evidence/finding.ts';
import type { SlownessState } from '../detection/judge-slowness.ts';
import type { Hash } from '../kernel/ids.ts';
import type { Instant, Ratio } from '../kernel/units.ts';
import { criteriaNames } from '../plan/authority.ts';

export { criteriaNames };
export type Criterion = (typeof criteriaNames)[number];

/** The facts from which a reader can recompute a verdict; values are formatted for people, with their unit. */
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
  /** The current slowdown of the controls, as a ratio. */
  readonly controlsSlower?: Ratio;
}

/** The state of one criterion for one probe, check or phase, with its reason and its evidence. */
export interface Verdict {
  readonly criterion: Criterion;
  /** The probe, the check, the phase, or `run`. */
  readonly subject: string;
  readonly status: Status;
  /** One word that logs, metrics, messages and the report share. */
  readonly because: Reason;
  /** Not a breach, but on the way to one. */
  readonly warning: boolean;
  /** Why this breach never allows the guard to act without approval, whatever was pre-approved. */
  readonly onlyRecommend?: string;
  /** The verdict of a check whose faults are evidence only. */
  readonly minor?: true;
  /** What this check cannot examine, it could not examine for the baseline, either. It blocks no phase and no watch. */
  readonly unseenBefore?: true;
  /** The objects that a catalogue check finds faulty and that are not in the baseline; each counts separately. */
  readonly objects?: readonly string[];
  /** The check could not examine everything: unnamed objects may be faulty too. */
  readonly inPart?: true;
  /** If `objects` names only the gravest and newest: how many more there are, and a hash of them all. */
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
  | 'broken-pending'
  | 'broken'
  | 'never-asked'
  | 'well'
  | 'known'
  | 'breach'
  | 'noted'
  | 'holds'
  | 'could-not-look'
  | 'check-is-broken';

/** The subject of a verdict; verdicts with the same key judge the same thing at different times. */
export const keyOf = ({ criterion, subject }: Pick<Verdict, 'criterion' | 'subject'>): string =>
  `${criterion}:${subject}`;

/** The keys of all faults: one per faulty object, or the verdict's own key if it has no objects. */
export const faultKeysOf = (verdict: Verdict): readonly string[] =>
  verdict.objects === undefined ? [keyOf(verdict)] : verdict.objects.map((object) => `${keyOf(verdict)}:${object}`);

/** The key that represents all faults beyond the named objects. */
export const unnamedFaultsKey = (verdict: Pick<Verdict, 'criterion' | 'subject'>): string => `${keyOf(verdict)}:*`;

/** The faults that exist when a phase starts; if not all are named, the list includes the key for the rest. */
export const faultKeysBefore = (verdict: Verdict): readonly string[] =>
  verdict.more === undefined ? faultKeysOf(verdict) : [...faultKeysOf(verdict), unnamedFaultsKey(verdict)];

/** An evidence-only check that cannot tell says nothing about its criterion. */
const speaks = ({ status, minor }: Verdict): boolean => minor !== true || status === 'ok' || status === 'breach';

/** The worst verdict of each criterion; a criterion without verdicts is absent, which does not mean well. */
export function byCriterion(all: readonly Verdict[]): ReadonlyMap<Criterion, Status> {
  const verdicts = all.filter(speaks);
  const asked = criteriaNames.filter((name) => verdicts.some(({ criterion }) => criterion === name));
  return new Map(
    asked.map((name) => [name, worst(verdicts.filter((one) => one.criterion === name).map(({ status }) => status))]),
  );
}
