import type { Reading } from '../evidence/reading.ts';
import { checkId, probeId } from '../kernel/ids.ts';
import { after, type Instant, instant, millis } from '../kernel/units.ts';
import type { Plan } from '../plan/plan.ts';
import { noteHealth, probeVerdict } from './functionality.ts';
import { limitsFor } from './limits.ts';
import { runtimeVerdict } from './runtime.ts';

const start = instant(0);

/** Simulates a probe that fails at every reading until the tolerated time is over, and once more. */
function outageFires(plan: Plan, id: string): boolean {
  const probe = probeId(id);
  const { patience, blindAfter } = limitsFor(plan, undefined);
  const step = blindAfter(probe);
  const cause = { reason: 'connect', message: 'a drill' } as const;
  const readings = Math.ceil(patience.brokenFor / step) + 2;
  const failing = Array.from({ length: readings }, (_, place): Reading => ({
    state: 'failed',
    probe,
    at: after(start, millis(place * step)),
    cause,
  }));
  const health = failing.reduce((so, reading) => noteHealth(so, reading, step), {});
  return probeVerdict(probe, health, patience).status === 'breach';
}

/** Simulates a clock that has run longer than the limit allows. */
function overrunFires({ criteria }: Plan): boolean {
  const estimate = millis(1_000);
  const limit = criteria.runtime.longer_than;
  const now: Instant = after(start, millis(estimate * limit + 1));
  const clock = { estimate, startedAt: start, heldFor: millis(0) };
  return runtimeVerdict('run', clock, limit, now).status === 'breach';
}

/**
 * The triggers that a simulated breach does not fire, one sentence each. A guard that cannot raise an alarm must not be
 * armed. Slowness is missing here: `baseline show` computes its expected delay from the readings themselves.
 */
export const silentTriggers = (plan: Plan): readonly string[] => [
  ...plan.probes
    .filter(({ id, statements }) => statements === undefined && !outageFires(plan, id))
    .map(({ id }) => `an outage of probe ${checkId(id)} would never be a breach under criteria.functionality`),
  ...(overrunFires(plan) ? [] : ['no overrun would ever be a breach under criteria.runtime']),
];
