import { betweenEvaluations } from '../core/detection/limits.ts';
import type { Reading } from '../core/evidence/reading.ts';
import { type ProbeId, probeId } from '../core/kernel/ids.ts';
import { after, between, type Instant, instant, millis } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import { type Circumstances, circumstancesOf } from '../core/run/circumstances.ts';
import type { RunEvent } from '../core/run/events.ts';
import { evolve } from '../core/run/evolve.ts';
import { comparedWith, isMarker, recoveredIn } from '../core/run/markers.ts';
import { changeVerdicts, activeAlarm, type VerdictStates } from '../core/run/verdict-states.ts';
import type { RunState } from '../core/run/state.ts';
import { judge } from '../core/verdicts/judge.ts';
import { keyOf, type Verdict } from '../core/verdicts/verdict.ts';
import { type EvidenceStore, createEvidenceStore } from '../monitoring/evidence-store.ts';

/** A verdict about slowness that would have changed then. */
export interface Replayed {
  readonly at: Instant;
  readonly verdict: Verdict;
}

/** What has come of the recorded run so far, under the plan that is tried. */
class Rerun {
  readonly #plan: Plan;
  readonly #evidenceStore: EvidenceStore;
  readonly #circumstances: (state: RunState | undefined) => Circumstances;
  #state: RunState | undefined;
  #states: VerdictStates = new Map();

  constructor(plan: Plan, from: Instant) {
    this.#plan = plan;
    this.#evidenceStore = createEvidenceStore(plan, from);
    this.#circumstances = circumstancesOf(plan);
  }

  event(event: RunEvent): void {
    this.#state = evolve(this.#state, event);
    if (isMarker(event)) this.#evidenceStore.mark(event.at);
  }

  reading(reading: Reading): void {
    this.#evidenceStore.reading(reading, this.#circumstances(this.#state));
  }

  look(now: Instant): readonly Replayed[] {
    const state = this.#state;
    if (state?.baseline === undefined) return [];
    const evidenceStore = this.#evidenceStore;
    const evidence = {
      baseline: state.baseline.baseline,
      probes: evidenceStore.probes(),
      common: evidenceStore.common(),
      checks: evidenceStore.checks(),
      catalogue: [],
      clocks: [],
      activeAlarm: (probe: ProbeId) => activeAlarm(this.#states, probe, evidenceStore.probes().get(probe)?.marker),
      comparedWith: comparedWith(state),
    };
    const verdicts = judge(this.#plan, evidence, this.#circumstances(state).limits, now);
    const changed = verdicts.filter((verdict) => {
      const before = this.#states.get(keyOf(verdict))?.verdict;
      return verdict.criterion === 'performance' && before?.because !== verdict.because;
    });
    this.#states = changeVerdicts(this.#states, changed, now);
    for (const probe of recoveredIn(changed)) evidenceStore.mark(now, probe);
    return changed.map((verdict) => ({ at: now, verdict }));
  }
}

/**
 * What the plan's limits would have made of the recorded readings, look by look: each change of a verdict about slowness.
 * Events and readings are taken in the order of time. What was done in the record is not undone: after a recorded rollback,
 * the readings are those of the database as it was then.
 */
export function replay(plan: Plan, events: readonly RunEvent[], readings: readonly Reading[]): readonly Replayed[] {
  const [first] = events;
  if (first === undefined) return [];
  const known = new Set(plan.probes.map(({ id }) => probeId(id)));
  const happened = [
    ...events.map((event) => ({ at: event.at, event })),
    ...readings.filter(({ probe }) => known.has(probe)).map((reading) => ({ at: reading.at, reading })),
  ].toSorted((a, b) => a.at - b.at);
  const rerun = new Rerun(plan, first.at);
  const replayed: Replayed[] = [];
  let nextLook = instant(first.at);
  for (const one of happened) {
    while (nextLook <= one.at) {
      const changed = rerun.look(nextLook);
      replayed.push(...changed);
      // Where a look changed nothing, nor does the next one until something happens: a night may have been long.
      const looks = changed.length > 0 ? 1 : Math.floor(between(nextLook, one.at) / betweenEvaluations) + 1;
      nextLook = after(nextLook, millis(looks * betweenEvaluations));
    }
    if ('event' in one) rerun.event(one.event);
    else rerun.reading(one.reading);
  }
  return [...replayed, ...rerun.look(nextLook)];
}
