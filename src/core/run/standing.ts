import { isAlarm, type Standing as Alarmed } from '../detection/judge-slowness.ts';
import type { ProbeId } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import { keyOf, type Verdict } from '../verdicts/verdict.ts';

/** A breach as it was when somebody said no: with its objects, and whether it was in doubt. */
type Declined = Pick<Verdict, 'objects' | 'more' | 'onlyRecommend'>;

/** How one question stands: the last change of its verdict, and what has become of a breach. */
export interface Standing {
  readonly verdict: Verdict;
  readonly changedAt: Instant;
  /** Since when it is a breach, and has not been seen well: not having been able to look ends nothing. */
  readonly breachSince?: Instant;
  /** When the probe was last seen well again after an alarm: its slowness is measured anew from there. */
  readonly recoveredAt?: Instant;
  /** As what somebody declined to roll back for it. Holds until it is seen well, or a phase starts. */
  readonly declined?: readonly Declined[];
}

/** By criterion and subject. */
export type Standings = ReadonlyMap<string, Standing>;

function change(before: Standing | undefined, verdict: Verdict, at: Instant): Standing {
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

export const changeVerdicts = (before: Standings, verdicts: readonly Verdict[], at: Instant): Standings =>
  new Map([
    ...before,
    ...verdicts.map((verdict) => [keyOf(verdict), change(before.get(keyOf(verdict)), verdict, at)] as const),
  ]);

const declinedAs = ({ objects, more, onlyRecommend }: Verdict): Declined => ({
  ...(objects !== undefined && { objects }),
  ...(more !== undefined && { more }),
  ...(onlyRecommend !== undefined && { onlyRecommend }),
});

/** A no to a rollback counts for the breaches that were its evidence, as far as they are still there. */
export function declineBreaches(before: Standings, evidence: readonly Verdict[]): Standings {
  const declined = new Map(evidence.map((verdict) => [keyOf(verdict), verdict]));
  return new Map(
    [...before].map(([key, one]) => {
      const verdict = declined.get(key);
      if (verdict === undefined || one.breachSince === undefined) return [key, one];
      return [key, { ...one, declined: [...(one.declined ?? []), declinedAs(verdict)] }];
    }),
  );
}

const performanceOf = (standings: Standings, probe: ProbeId): Standing | undefined =>
  standings.get(keyOf({ criterion: 'performance', subject: probe }));

/** The alarm of slowness that was given since the marker; it stays until the probe is seen well again. */
export function standingAlarm(
  standings: Standings,
  probe: ProbeId,
  marker: Instant | undefined,
): (Alarmed & Pick<Standing, 'verdict'>) | undefined {
  const { verdict, changedAt } = performanceOf(standings, probe) ?? {};
  const isOfThisWatch = changedAt !== undefined && marker !== undefined && changedAt > marker;
  return verdict !== undefined && isAlarm(verdict.because) && isOfThisWatch
    ? { alarm: verdict.because, at: changedAt, verdict }
    : undefined;
}

export const recoveredAt = (standings: Standings, probe: ProbeId): Instant | undefined =>
  performanceOf(standings, probe)?.recoveredAt;

const isOfPhase = ({ criterion, subject }: Verdict): boolean => criterion === 'runtime' && subject !== 'run';

/** A phase starts: what was declined is asked again, and nobody judges the runtime of earlier phases any more. */
export const startPhase = (before: Standings): Standings =>
  new Map(
    [...before].filter(([, { verdict }]) => !isOfPhase(verdict)).map(([key, { declined: _, ...one }]) => [key, one]),
  );

export const undoPhase = (before: Standings, phase: string): Standings =>
  new Map([...before].filter(([, { verdict }]) => !isOfPhase(verdict) || verdict.subject !== phase));

/** Whether the breach was not seen well since: one that cannot be looked at now has not gone away. */
export const stands = (standings: Standings, verdict: Verdict): boolean =>
  standings.get(keyOf(verdict))?.breachSince !== undefined;

/**
 * All of it: an object at fault since the answer was not asked about, and what is sure was not while it was in doubt. Of more
 * than are named, only the same ones are known to have been asked about.
 */
export function isDeclined(standings: Standings, verdict: Verdict): boolean {
  const declined = standings.get(keyOf(verdict))?.declined ?? [];
  const covering = declined.filter((one) => one.onlyRecommend === undefined || verdict.onlyRecommend !== undefined);
  if (verdict.objects === undefined) return covering.some(({ objects }) => objects === undefined);
  const { more } = verdict;
  if (more !== undefined) return covering.some((one) => one.more?.hash === more.hash);
  const covered = new Set(covering.flatMap(({ objects = [] }) => objects));
  return covering.length > 0 && verdict.objects.every((object) => covered.has(object));
}

export const isBreach = ({ status }: Verdict): boolean => status === 'breach';

/** The breaches that a look has just seen, and those of ended phases, whose runtime it did not judge again. */
export function breachesNow(standings: Standings, looked: readonly Verdict[]): readonly Verdict[] {
  const keys = new Set(looked.map(keyOf));
  const ended = [...standings].filter(([key, { verdict }]) => isOfPhase(verdict) && !keys.has(key));
  return [...looked, ...ended.map(([, { verdict }]) => verdict)].filter(isBreach);
}

/** It could not look, or is broken itself. */
export const cannotTell = ({ because }: Verdict): boolean =>
  because === 'could-not-look' || because === 'check-is-broken';

/** The checks that cannot tell. */
export const unseen = (standings: Standings): readonly Verdict[] =>
  [...standings.values()].map(({ verdict }) => verdict).filter(cannotTell);
