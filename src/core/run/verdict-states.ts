import { isAlarm, type ActiveAlarm } from '../detection/judge-slowness.ts';
import type { ProbeId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import { keyOf, type Verdict } from '../verdicts/verdict.ts';

/** A breach at the moment it was declined: its objects, and whether it was in doubt. */
type Declined = Pick<Verdict, 'objects' | 'more' | 'onlyRecommend'>;

/** The state of one verdict: its last change, and what happened to its breach. */
export interface VerdictState {
  readonly verdict: Verdict;
  readonly changedAt: Instant;
  /** Start of the breach. Only an observation that all is well ends it; being unable to look does not. */
  readonly breachSince?: Instant;
  /** When the probe last recovered from an alarm; the measurement of its slowness restarts there. */
  readonly recoveredAt?: Instant;
  /** The breaches that somebody declined to roll back for. Applies until the check is well or a phase starts. */
  readonly declined?: readonly Declined[];
}

/** By criterion and subject. */
export type VerdictStates = ReadonlyMap<string, VerdictState>;

function change(before: VerdictState | undefined, verdict: Verdict, at: Instant): VerdictState {
  const recoveredAt = verdict.because === 'recovered' ? at : before?.recoveredAt;
  const always = { verdict, changedAt: at, ...(recoveredAt !== undefined && { recoveredAt }) };
  if (verdict.status === 'ok') return always;
  const since = before?.breachSince ?? (verdict.status === 'breach' ? at : undefined);
  return {
    ...always,
    ...(since !== undefined && { breachSince: since }),
    ...(before?.declined !== undefined && { declined: before.declined }),
  };
}

export const changeVerdicts = (before: VerdictStates, verdicts: readonly Verdict[], at: Instant): VerdictStates =>
  new Map([
    ...before,
    ...verdicts.map((verdict) => [keyOf(verdict), change(before.get(keyOf(verdict)), verdict, at)] as const),
  ]);

const declinedAs = ({ objects, more, onlyRecommend }: Verdict): Declined => ({
  ...(objects !== undefined && { objects }),
  ...(more !== undefined && { more }),
  ...(onlyRecommend !== undefined && { onlyRecommend }),
});

/** Declining a rollback applies to the breaches that were its evidence and still exist. */
export function declineBreaches(before: VerdictStates, evidence: readonly Verdict[]): VerdictStates {
  const declined = new Map(evidence.map((verdict) => [keyOf(verdict), verdict]));
  return new Map(
    [...before].map(([key, one]) => {
      const verdict = declined.get(key);
      if (verdict === undefined || one.breachSince === undefined) return [key, one];
      return [key, { ...one, declined: [...(one.declined ?? []), declinedAs(verdict)] }];
    }),
  );
}

const performanceOf = (states: VerdictStates, probe: ProbeId): VerdictState | undefined =>
  states.get(keyOf({ criterion: 'performance', subject: probe }));

/** The slowness alarm that was raised since the marker; it remains until the probe recovers. */
export function activeAlarm(
  states: VerdictStates,
  probe: ProbeId,
  marker: Instant | undefined,
): (ActiveAlarm & Pick<VerdictState, 'verdict'>) | undefined {
  const { verdict, changedAt } = performanceOf(states, probe) ?? {};
  const isOfThisWatch = changedAt !== undefined && marker !== undefined && changedAt > marker;
  return verdict !== undefined && isAlarm(verdict.because) && isOfThisWatch
    ? { alarm: verdict.because, at: changedAt, verdict }
    : undefined;
}

export const recoveredAt = (states: VerdictStates, probe: ProbeId): Instant | undefined =>
  performanceOf(states, probe)?.recoveredAt;

const isOfPhase = ({ criterion, subject }: Verdict): boolean => criterion === 'runtime' && subject !== 'run';

/** When a phase starts, declined breaches count again, and the runtime of earlier phases is no longer judged. */
export const startPhase = (before: VerdictStates): VerdictStates =>
  new Map(
    [...before].filter(([, { verdict }]) => !isOfPhase(verdict)).map(([key, { declined: _, ...one }]) => [key, one]),
  );

export const undoPhase = (before: VerdictStates, phase: string): VerdictStates =>
  new Map([...before].filter(([, { verdict }]) => !isOfPhase(verdict) || verdict.subject !== phase));

/** Whether the breach has not been seen well since; being unable to look does not end it. */
export const isOngoing = (states: VerdictStates, verdict: Verdict): boolean =>
  states.get(keyOf(verdict))?.breachSince !== undefined;

/**
 * Whether the whole breach was declined. An object that became faulty later was not part of the question, and a breach that
 * was in doubt then is not declined once it is sure. If not all objects are named, only an identical set counts as declined.
 */
export function isDeclined(states: VerdictStates, verdict: Verdict): boolean {
  const declined = states.get(keyOf(verdict))?.declined ?? [];
  const covering = declined.filter((one) => one.onlyRecommend === undefined || verdict.onlyRecommend !== undefined);
  if (verdict.objects === undefined) return covering.some(({ objects }) => objects === undefined);
  const { more } = verdict;
  if (more !== undefined) return covering.some((one) => one.more?.hash === more.hash);
  const covered = new Set(covering.flatMap(({ objects = [] }) => objects));
  return covering.length > 0 && verdict.objects.every((object) => covered.has(object));
}

export const isBreach = ({ status }: Verdict): boolean => status === 'breach';

/** The breaches of the latest evaluation, and those of ended phases, whose runtime it does not judge again. */
export function breachesNow(states: VerdictStates, looked: readonly Verdict[]): readonly Verdict[] {
  const keys = new Set(looked.map(keyOf));
  const ended = [...states].filter(([key, { verdict }]) => isOfPhase(verdict) && !keys.has(key));
  return [...looked, ...ended.map(([, { verdict }]) => verdict)].filter(isBreach);
}

/** The check could not look, or is broken itself. */
export const cannotTell = ({ because }: Verdict): boolean =>
  because === 'could-not-look' || because === 'check-is-broken';

/** The checks that cannot tell. */
export const unseen = (states: VerdictStates): readonly Verdict[] =>
  [...states.values()].map(({ verdict }) => verdict).filter(cannotTell);
