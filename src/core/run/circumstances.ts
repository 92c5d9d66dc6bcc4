import { type Scales, scalesFor } from '../detection/scales.ts';
import type { Baseline } from '../evidence/baseline.ts';
import { phaseId } from '../kernel/ids.ts';
import type { Plan } from '../plan/plan.ts';
import type { ProbePlan } from '../plan/questions.ts';
import { type Limits, limitsFor } from '../verdicts/limits.ts';
import { hasTouched, runningPhase } from './phases.ts';
import type { RunState } from './state.ts';

/** What a reading is compared with at the moment. */
export interface Circumstances {
  readonly limits: Limits;
  readonly baseline: Baseline | undefined;
  /** Undefined if the probe has no baseline. */
  readonly scalesOf: (probe: ProbePlan) => Scales | undefined;
}

/** The limits that apply now. */
export function limitsNow(plan: Plan, state: RunState | undefined): Limits {
  const running = state === undefined ? undefined : runningPhase(state.phases)?.phase;
  const applied = (state?.phases ?? []).filter((phase) => hasTouched(phase) && phase.phase !== running);
  const planned = (id: string) => plan.phases.find((phase) => phaseId(phase.id) === id);
  return limitsFor(
    plan,
    running === undefined ? undefined : planned(running),
    applied.flatMap(({ phase }) => planned(phase) ?? []),
  );
}

/** Scales are computed once per baseline and limits; they change when a phase starts or ends, because limits do. */
export function circumstancesOf(plan: Plan): (state: RunState | undefined) => Circumstances {
  const made = new Map<string, Scales | undefined>();
  let last: readonly [RunState | undefined, Circumstances] | undefined; // every reading asks; the state rarely changes
  const ofState = (state: RunState | undefined): Circumstances => {
    const limits = limitsNow(plan, state);
    const frozen = state?.baseline;
    const scalesOf = (probe: ProbePlan): Scales | undefined => {
      if (frozen === undefined) return undefined;
      const wanted = limits.slowness(probe);
      const key = JSON.stringify([frozen.hash, probe.id, wanted]);
      if (!made.has(key)) made.set(key, scalesFor(plan, probe, frozen.baseline, wanted));
      return made.get(key);
    };
    return { limits, baseline: frozen?.baseline, scalesOf };
  };
  return (state) => {
    if (last === undefined || last[0] !== state) last = [state, ofState(state)];
    return last[1];
  };
}
