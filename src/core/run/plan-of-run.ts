import type { Hash } from '../kernel/ids.ts';
import type { Instant } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import { type RecordedPlan, readRecordedPlan } from '../plan/recorded.ts';
import type { RunEvent } from './events.ts';
import type { RunState } from './state.ts';

/** The plan that a guard has loaded. */
export interface PlanInForce {
  readonly plan: Plan;
  readonly hash: Hash;
}

/**
 * The plan that last applied to the run: the loaded plan if it is the same, else the one in the run's journal, without the
 * values of its placeholders. Throws RecordedPlanUnreadable.
 */
export function planOfRun(loaded: PlanInForce, state: Pick<RunState, 'plan' | 'recordedPlan' | 'environment'>): Plan {
  const { plan, recordedPlan, environment } = state;
  return plan.hash === loaded.hash || recordedPlan === undefined
    ? loaded.plan
    : readRecordedPlan(recordedPlan, environment);
}

/** Every plan that applied to the run, in chronological order. */
export const plansOfRun = (events: readonly RunEvent[]): readonly (RecordedPlan & { readonly at: Instant })[] =>
  events
    .filter((event) => event.type === 'plan-recorded')
    .map(({ at, hash, text, settings }) => ({ at, hash, text, settings }));
