import { setImmediate } from 'node:timers/promises';

import { type Power, powerOf, sayTooWeak } from '../core/detection/foretell.ts';
import type { Baseline } from '../core/evidence/baseline.ts';
import type { Hash } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import { limitsFor } from '../core/verdicts/limits.ts';

/** What the frozen baseline can tell. It takes tens of milliseconds a probe, so the daemon's other work goes on between. */
export interface Foretelling {
  power(frozen: NonNullable<RunState['baseline']>): Promise<readonly Power[]>;
  /** What of the plan's wishes the baseline is not good enough for, one sentence a probe. */
  weaknesses(frozen: NonNullable<RunState['baseline']>): Promise<readonly string[]>;
}

type Ask<Answer> = (plan: Plan, probe: Plan['probes'][number], baseline: Baseline, limits: Limit) => Answer | undefined;
type Limit = Parameters<typeof powerOf>[3];

export function foretelling(plan: Plan): Foretelling {
  const limits = limitsFor(plan, undefined);
  /** A baseline never changes, so neither does the answer. */
  const once = <Answer>(ask: Ask<Answer>) => {
    const answers = new Map<Hash, Promise<readonly Answer[]>>();
    const askAll = async (baseline: Baseline) => {
      const all: Answer[] = [];
      for (const probe of plan.probes) {
        const answer = ask(plan, probe, baseline, limits.slowness(probe));
        if (answer !== undefined) all.push(answer);
        await setImmediate();
      }
      return all;
    };
    return ({ hash, baseline }: NonNullable<RunState['baseline']>) => {
      const known = answers.get(hash) ?? askAll(baseline);
      answers.set(hash, known);
      return known;
    };
  };
  return { power: once(powerOf), weaknesses: once(sayTooWeak) };
}
