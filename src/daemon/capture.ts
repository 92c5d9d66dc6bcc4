import { captureBaseline } from '../core/evidence/capture.ts';
import type { Finding } from '../core/evidence/finding.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { type ProbeId, probeId } from '../core/kernel/ids.ts';
import { after, between } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import type { Conductor } from './conductor.ts';

export interface CaptureParts {
  readonly plan: Plan;
  readonly conductor: Conductor;
  readonly clock: Clock;
  readonly runChecks: () => Promise<readonly Finding[]>;
  readonly signal: AbortSignal;
}

/** Collects readings for a baseline while one is being captured, and freezes it when its time is over. */
export interface Capture {
  reading(reading: Reading): void;
  /** Begins when the state says that a capture has begun. */
  begin(state: RunState): void;
}

/** A baseline in which a probe was never answered compares with nothing. */
function faults(plan: Plan, readings: ReadonlyMap<ProbeId, readonly Reading[]>): readonly string[] {
  return plan.probes
    .filter(({ id }) => !(readings.get(probeId(id)) ?? []).some(({ state }) => state === 'answered'))
    .map(({ id }) => `${id} was not answered once`);
}

export function createCapture({ plan, conductor, clock, runChecks, signal }: CaptureParts): Capture {
  let collected: Map<ProbeId, Reading[]> | undefined;

  const freeze = async (state: RunState, since: NonNullable<RunState['capture']>) => {
    const readings = new Map<ProbeId, Reading[]>(plan.probes.map(({ id }) => [probeId(id), []]));
    collected = readings;
    await clock.wait(between(clock.now(), after(since.since, since.length)), signal);
    const findings = await runChecks();
    collected = undefined;
    const found = faults(plan, readings);
    if (found.length > 0) return conductor.submit({ kind: 'capture-failed', because: found.join('; ') });
    const { environment, target } = state;
    const captured = captureBaseline({ readings, findings, environment, target, from: since.since, to: clock.now() });
    return conductor.submit({ kind: 'captured', ...captured });
  };

  return {
    reading: (reading) => void collected?.get(reading.probe)?.push(reading),
    begin(state) {
      if (state.capture === undefined) return;
      freeze(state, state.capture).catch(async (error: unknown) => {
        collected = undefined;
        if (signal.aborted) return;
        const because = error instanceof Error ? error.message : String(error);
        await conductor.submit({ kind: 'capture-failed', because }).catch(() => undefined);
      });
    },
  };
}
