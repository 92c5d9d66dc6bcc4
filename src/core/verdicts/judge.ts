import type { Baseline } from '../evidence/baseline.ts';
import { baselineOf } from '../evidence/baseline.ts';
import type { PhaseClock } from '../evidence/phase-clock.ts';
import type { Reading } from '../evidence/reading.ts';
import { judgeSlowdown, observe, type SlowdownRule, startWatcher, type Watcher } from '../detection/slowdown.ts';
import { checkId, type CheckId, probeId, type ProbeId } from '../kernel/ids.ts';
import { type Instant, type Millis, millis } from '../kernel/units.ts';
import type { PhasePlan } from '../plan/phase.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import { type CheckHistory, checkVerdict } from './checks.ts';
import { type Health, noteHealth, type Patience, probeVerdict } from './functionality.ts';
import { performanceVerdict } from './performance.ts';
import { runtimeVerdict } from './runtime.ts';
import type { Verdict } from './verdict.ts';

/** What one probe's readings have shown since the marker. */
export interface ProbeEvidence {
  readonly watcher: Watcher;
  readonly health: Health;
}

/** The rules as they stand now: a running phase may have declared wider ones. */
export interface Limits {
  readonly slowdown: SlowdownRule;
  readonly patience: Patience;
  /** Without evidence from a probe for longer than this, the guard is blind there. */
  readonly blindAfter: (probe: ProbeId) => Millis;
}

/** Three of its intervals, and one answer that comes at the last moment. */
const blindAfter = ({ every, timeout }: Pick<ProbePlan, 'every' | 'timeout'>): Millis => millis(3 * every + timeout);

export function limitsFor({ criteria, probes }: Plan, running: PhasePlan | undefined): Limits {
  const { slower_than: slower, downtime } = running?.effects ?? {};
  const { performance, functionality } = criteria;
  const widened = (length: number) => millis(Math.max(length, downtime ?? 0));
  return {
    slowdown: {
      limit: slower !== undefined && slower > performance.slower_than ? slower : performance.slower_than,
      sustainedFor: performance.ignore_stalls_under,
    },
    patience: {
      brokenFor: widened(functionality.broken_for),
      undefinedFor: widened(functionality.undefined_for),
    },
    blindAfter: (probe) => {
      const planned = probes.find(({ id }) => id === probe);
      return planned === undefined ? millis(0) : blindAfter(planned);
    },
  };
}

/** At a marker slowness is measured anew; a probe that is broken stays broken. */
export const freshEvidence = (marker: Instant, before?: ProbeEvidence): ProbeEvidence => ({
  watcher: startWatcher(marker),
  health: before?.health ?? {},
});

export const takeIn = (
  { watcher, health }: ProbeEvidence,
  reading: Reading,
  baseline: Baseline | undefined,
  { slowdown, blindAfter }: Limits,
): ProbeEvidence => ({
  watcher: observe(watcher, reading, baselineOf(baseline, reading.probe), slowdown, blindAfter(reading.probe)),
  health: noteHealth(health, reading, blindAfter(reading.probe)),
});

export interface Evidence {
  readonly baseline?: Baseline | undefined;
  readonly probes: ReadonlyMap<ProbeId, ProbeEvidence>;
  readonly checks: ReadonlyMap<CheckId, CheckHistory>;
  /** The clocks that count now: the running phase's and the run's. */
  readonly clocks: readonly { readonly subject: string; readonly clock: PhaseClock }[];
  /** The words for "than before what": `before phase 3`. */
  readonly comparedWith: string;
}

/** How long a probe has given no evidence; undefined as long as what it said last still counts. */
function blindFor({ lastEvidence }: Health, limit: Millis, now: Instant): Millis | undefined {
  const silentFor = lastEvidence === undefined ? 0 : now - lastEvidence;
  return silentFor > limit ? millis(silentFor) : undefined;
}

/** Evidence into verdicts: one for every probe, check and clock that the plan names, in the plan's order. */
export function judge(plan: Plan, evidence: Evidence, limits: Limits, now: Instant): readonly Verdict[] {
  const { baseline, probes, checks, clocks, comparedWith } = evidence;
  const inBaseline = (id: CheckId) => baseline?.findings.find(({ check }) => check === id);
  return [
    ...plan.probes.flatMap(({ id, control }) => {
      const probe = probeId(id);
      const { watcher, health } = probes.get(probe) ?? freshEvidence(now);
      const blind = blindFor(health, limits.blindAfter(probe), now);
      const works = probeVerdict(probe, health, limits.patience, baselineOf(baseline, probe), blind);
      if (control) return [works]; // what it tells is about everyone's slowness, not about ours
      const slowdown = judgeSlowdown(watcher, baselineOf(baseline, probe), limits.slowdown);
      return [works, performanceVerdict(probe, slowdown, limits.slowdown.limit, comparedWith)];
    }),
    ...plan.checks.map(({ id, criterion, expect }) => {
      const check = checkId(id);
      const rule = { check, criterion, expect, brokenFor: limits.patience.brokenFor };
      return checkVerdict(rule, checks.get(check), inBaseline(check));
    }),
    ...clocks.map(({ subject, clock }) => runtimeVerdict(subject, clock, plan.criteria.runtime.longer_than, now)),
  ];
}

/** Probes that have given no evidence for too long: there the guard is blind. */
export function blindProbes(plan: Plan, probes: ReadonlyMap<ProbeId, ProbeEvidence>, since: Instant, now: Instant) {
  return plan.probes
    .filter((probe) => {
      const last = probes.get(probeId(probe.id))?.health.lastEvidence ?? since;
      return now - Math.max(last, since) > blindAfter(probe);
    })
    .map(({ id }) => probeId(id));
}
