import { combineStrengths, compare, type ActiveAlarm, stateOf, strongestChannel } from '../detection/judge-slowness.ts';
import { falseAlarmsOf } from '../detection/limits.ts';
import { strengthsOf, type Strengths } from '../detection/slowness.ts';
import { type Baseline, baselineOf } from '../evidence/baseline.ts';
import type { PhaseClock } from '../evidence/phase-clock.ts';
import { checkId, type CheckId, probeId, type ProbeId, type EvidenceSource } from '../kernel/ids.ts';
import { type Instant, type Millis, millis, ratio, type Ratio, seconds } from '../kernel/units.ts';
import type { CatalogueId } from '../plan/catalogue.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import { mayClear } from '../plan/sources.ts';
import { catalogueVerdict } from './catalogue.ts';
import { type CheckHistory, checkVerdict } from './checks.ts';
import { type Health, probeVerdict } from './functionality.ts';
import { blindAfter, type Limits } from './limits.ts';
import { performanceVerdict, unknownPerformance } from './performance.ts';
import { freshEvidence, type ProbeEvidence } from './probe-evidence.ts';
import { runtimeVerdict } from './runtime.ts';
import type { Verdict } from './verdict.ts';

/** How long a check may queue behind others and wait for its answer. */
const checkPatience = seconds(30);

/** An alarm with the verdict that raised it. */
export type ActiveAlarmVerdict = ActiveAlarm & { readonly verdict: Verdict };

export interface Evidence {
  readonly baseline?: Baseline | undefined;
  readonly probes: ReadonlyMap<ProbeId, ProbeEvidence>;
  /** The current slowdown of the controls, as a ratio; undefined if unknown. */
  readonly common?: Ratio | undefined;
  readonly checks: ReadonlyMap<CheckId, CheckHistory>;
  /** The catalogue checks that apply to this server. */
  readonly catalogue: readonly CatalogueId[];
  /** The clocks that are running: the current phase's and the run's. */
  readonly clocks: readonly { readonly subject: string; readonly clock: PhaseClock; readonly doubt?: string }[];
  /** The alarm of a probe that is still active, from the journal. */
  readonly activeAlarm?: (probe: ProbeId) => ActiveAlarmVerdict | undefined;
  /** Completes "slower than": `before phase 3`. */
  readonly comparedWith: string;
}

/** How long a probe has given no evidence; undefined as long as its last evidence counts. */
function blindFor({ lastEvidence }: Health, limit: Millis, now: Instant): Millis | undefined {
  const silentFor = lastEvidence === undefined ? 0 : now - lastEvidence;
  return silentFor > limit ? millis(silentFor) : undefined;
}

/** Readings needed in addition to the stall allowance, which hides any slowness, before a verdict can be "as before". */
const readingsBeyondStall = 10;

function slownessVerdict(
  plan: Plan,
  planned: ProbePlan,
  evidence: Evidence,
  { slowness: limitsOf }: Limits,
  { strengths, together, hasControls }: AllProbes,
): Verdict {
  const probe = probeId(planned.id);
  const limits = limitsOf(planned);
  const baseline = baselineOf(evidence.baseline, probe);
  const { slowness, scales } = evidence.probes.get(probe) ?? {};
  if (baseline?.p50 === undefined) {
    return unknownPerformance(probe, limits, { because: 'no-baseline', failed: baseline?.failed });
  }
  const wanted = Math.ceil(limits.ignoreStallsUnder / planned.every) + readingsBeyondStall;
  const activeAlarm = evidence.activeAlarm?.(probe);
  if (slowness === undefined || scales === undefined) {
    // After a restart without a reading yet, the last verdict still applies.
    return (
      activeAlarm?.verdict ?? unknownPerformance(probe, limits, { because: 'too-few-readings', readings: 0, wanted })
    );
  }
  const { baselineReadings, correlationTime, substance } = scales.grey;
  const independentReadings = baselineReadings / correlationTime;
  if (substance === 'none')
    return unknownPerformance(probe, limits, { because: 'baseline-too-short', independentReadings });
  const own = strengths.get(probe) ?? strengthsOf(slowness, scales);
  const compared = compare(slowness, baseline, strongestChannel(scales.grey, slowness.grey));
  const { common, comparedWith: than } = evidence;
  const beyond =
    common === undefined || compared?.ratio === undefined ? undefined : compared.ratio / common > limits.limit;
  const state = stateOf({
    slowness,
    scales,
    own,
    together,
    hasControls,
    beyondControls: beyond,
    activeAlarm,
  });
  const { readings, rising, unreachedAt } = slowness;
  if (compared === undefined || (state === 'as-before' && readings < wanted)) {
    return activeAlarm?.verdict ?? unknownPerformance(probe, limits, { because: 'too-few-readings', readings, wanted });
  }
  const { ofRun } = falseAlarmsOf(plan);
  return performanceVerdict(probe, {
    state,
    compared,
    rising,
    limits,
    unreached: unreachedAt !== undefined && unreachedAt >= (rising?.since ?? slowness.marker),
    falseAlarms: ofRun,
    controlsSlower: common,
    than,
  });
}

/** The evidence of all probes, computed once per evaluation: with a thousand probes, each would recompute it for all. */
interface AllProbes {
  readonly strengths: ReadonlyMap<ProbeId, Strengths>;
  readonly together: Strengths;
  readonly hasControls: boolean;
}

/** The strength of each probe's evidence. Controls show a common slowdown, not the change's, so they are left out. */
function strengthsOfAll(plan: Plan, probes: Evidence['probes']): ReadonlyMap<ProbeId, Strengths> {
  return new Map(
    plan.probes.flatMap(({ id, control }) => {
      const { slowness, scales } = probes.get(probeId(id)) ?? {};
      const isSilent = control || slowness === undefined || scales === undefined || scales.grey.substance === 'none';
      return isSilent ? [] : [[probeId(id), strengthsOf(slowness, scales)] as const];
    }),
  );
}

/**
 * The probe with the strongest evidence of slowness, as a share of what an alarm takes. An alarm takes it alone and together
 * with the other probes.
 */
export function strongestSlowness(
  plan: Plan,
  probes: Evidence['probes'],
): { readonly probe: ProbeId; readonly share: Ratio } | undefined {
  const strengths = [...strengthsOfAll(plan, probes)];
  const together = combineStrengths(strengths.map(([, one]) => one));
  const [strongest] = strengths.toSorted(([, a], [, b]) => b.grey - a.grey);
  return strongest && { probe: strongest[0], share: ratio(Math.min(strongest[1].grey, together.grey)) };
}

/** Turns evidence into verdicts: one for every probe, check and clock that the plan names, in the plan's order. */
export function judge(plan: Plan, evidence: Evidence, limits: Limits, now: Instant): readonly Verdict[] {
  const { baseline, probes, checks, clocks } = evidence;
  const inBaseline = (id: CheckId) => baseline?.findings.find(({ check }) => check === id);
  const strengths = strengthsOfAll(plan, probes);
  const together = combineStrengths([...strengths.values()]);
  const allProbes = { strengths, together, hasControls: plan.probes.some(({ control }) => control) };
  return [
    ...plan.probes.flatMap((planned) => {
      const probe = probeId(planned.id);
      const { health } = probes.get(probe) ?? freshEvidence(now);
      const blind = blindFor(health, limits.blindAfter(probe), now);
      const works = probeVerdict(probe, health, limits.patience, baselineOf(baseline, probe), blind);
      if (planned.control) return [works];
      const slow = slownessVerdict(plan, planned, evidence, limits, allProbes);
      if (mayClear(planned)) return [works, slow];
      return slow.status === 'unknown' ? [] : [slow]; // an unknown control says nothing and blocks nobody
    }),
    ...plan.checks.map(({ id, criterion, expect }) => {
      const check = checkId(id);
      const rule = { check, criterion, expect, brokenFor: limits.patience.brokenFor };
      return checkVerdict(rule, checks.get(check), inBaseline(check));
    }),
    ...evidence.catalogue.map((id) =>
      catalogueVerdict(id, checks.get(checkId(id)), inBaseline(checkId(id)), limits.patience.brokenFor),
    ),
    ...clocks.map(({ subject, clock, doubt }) =>
      runtimeVerdict(subject, clock, plan.criteria.runtime.longer_than, now, doubt),
    ),
  ];
}

/** Like a probe, a check is blind after three intervals without an answer. */
const checkIsBlind = ({ knownAt }: Partial<CheckHistory>, every: Millis, since: Instant, now: Instant): boolean =>
  now - Math.max(knownAt ?? since, since) > 3 * every + checkPatience;

/** The sources that have given no evidence for too long. `paces`: the interval of each check. */
export function blindSources(
  plan: Plan,
  { probes, checks }: Pick<Evidence, 'probes' | 'checks'>,
  paces: ReadonlyMap<CheckId, Millis>,
  since: Instant,
  now: Instant,
): readonly EvidenceSource[] {
  const blindProbes = plan.probes.filter(mayClear).filter((probe) => {
    const last = probes.get(probeId(probe.id))?.health.lastEvidence ?? since;
    return now - Math.max(last, since) > blindAfter(probe);
  });
  const blindChecks = [...paces].filter(([id, every]) => {
    const history = checks.get(id);
    return history?.finding.minor !== true && checkIsBlind(history ?? {}, every, since, now);
  });
  return [...blindProbes.map(({ id }) => probeId(id)), ...blindChecks.map(([id]) => id)];
}
