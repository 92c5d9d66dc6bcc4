import type { Clock } from '../core/kernel/clock.ts';
import type { CheckId, GuardCondition, PhaseId, ProbeId, EvidenceSource } from '../core/kernel/ids.ts';
import { type Instant, type Millis, millis } from '../core/kernel/units.ts';
import type { CatalogueId } from '../core/plan/catalogue.ts';
import type { Plan } from '../core/plan/plan.ts';
import { limitsNow } from '../core/run/circumstances.ts';
import type { RunEvent } from '../core/run/events.ts';
import { comparedWith } from '../core/run/markers.ts';
import { runningPhase } from '../core/run/phases.ts';
import { cannotTell, activeAlarm } from '../core/run/verdict-states.ts';
import type { RunState } from '../core/run/state.ts';
import { blindSources, judge, strongestSlowness } from '../core/verdicts/judge.ts';
import type { Verdict } from '../core/verdicts/verdict.ts';
import { stride } from '../core/watch/watch.ts';
import type { Conductor } from '../runs/conductor.ts';
import type { EvidenceStore } from './evidence-store.ts';

export interface Evaluator {
  /** Evaluates the criteria now and writes the resulting events to the journal. Rejects if that write fails. */
  evaluate(): Promise<void>;
  /** The verdicts of the last evaluation. */
  latest(): readonly Verdict[] | undefined;
  blind(): readonly EvidenceSource[];
  /** The strongest evidence of slowness so far; undefined if there is none. */
  slowest(): ReturnType<typeof strongestSlowness>;
  /** Receives every event, so that watched time is counted only once. */
  noted(event: RunEvent): void;
}

export interface EvaluatorParts {
  readonly plan: Plan;
  readonly conductor: Conductor;
  readonly evidenceStore: EvidenceStore;
  readonly clock: Clock;
  /** When this daemon started monitoring. */
  readonly since: Instant;
  /** The catalogue checks that run on this server. */
  readonly catalogue: readonly CatalogueId[];
  /** The interval of each periodic check. */
  readonly paces: ReadonlyMap<CheckId, Millis>;
  /** Whether the wrapper of a running phase has reported to this daemon within the phase's lease. */
  readonly isHeard: (phase: PhaseId, now: Instant) => boolean;
  /** What all evidence depends on and is unreliable now. */
  readonly unsure?: () => readonly GuardCondition[];
}

const notHeard = 'its wrapper has not reported lately, so the phase may have ended while the guard could not be told';

function clocksOf(state: RunState, isHeard: EvaluatorParts['isHeard'], now: Instant) {
  const running = runningPhase(state.phases);
  const doubt = running === undefined || isHeard(running.phase, now) ? {} : { doubt: notHeard };
  return [
    ...(running?.clock === undefined ? [] : [{ subject: running.phase as string, clock: running.clock, ...doubt }]),
    ...(state.clock === undefined ? [] : [{ subject: 'run', clock: state.clock }]),
  ];
}

/** Time during which a sense is blind or a criterion is unknown does not count as watched. */
const isSightless = (blind: readonly EvidenceSource[], verdicts: readonly Verdict[]): boolean =>
  blind.length > 0 ||
  verdicts.some((verdict) => cannotTell(verdict) && verdict.minor !== true && verdict.unseenBefore !== true);

export function createEvaluator({
  plan,
  conductor,
  evidenceStore,
  clock,
  since,
  catalogue,
  paces,
  isHeard,
  unsure = () => [],
}: EvaluatorParts): Evaluator {
  let latest: readonly Verdict[] | undefined;
  let blind: readonly EvidenceSource[] = [];
  let lastEvaluated: Instant | undefined;
  let unrecorded: Millis = millis(0);

  const evidenceOf = (state: RunState, now: Instant) => ({
    baseline: state.baseline?.baseline,
    probes: evidenceStore.probes(),
    common: evidenceStore.common(),
    activeAlarm: (probe: ProbeId) => activeAlarm(state.verdicts, probe, evidenceStore.probes().get(probe)?.marker),
    checks: evidenceStore.checks(),
    catalogue,
    clocks: clocksOf(state, isHeard, now),
    comparedWith: comparedWith(state),
  });

  return {
    async evaluate() {
      const state = conductor.state();
      const now = clock.now();
      if (state === undefined || state.closed !== undefined) return;
      const evidence = { probes: evidenceStore.probes(), checks: evidenceStore.checks() };
      blind = [...unsure(), ...blindSources(plan, evidence, paces, since, now)];
      latest = judge(plan, evidenceOf(state, now), limitsNow(plan, state), now);
      const watching = state.response.state === 'watching';
      unrecorded = watching ? millis(unrecorded + stride(lastEvaluated, isSightless(blind, latest), now)) : millis(0);
      lastEvaluated = now;
      await conductor.submit({ kind: 'evaluation', verdicts: latest, blind, unrecorded });
    },
    latest: () => latest,
    blind: () => blind,
    slowest: () => strongestSlowness(plan, evidenceStore.probes()),
    noted({ type }) {
      if (type === 'watch-advanced' || type === 'watch-started') unrecorded = millis(0);
      if (type === 'watch-started') lastEvaluated = undefined;
    },
  };
}
