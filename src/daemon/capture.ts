import { captureBaseline, thinProbes } from '../core/evidence/capture.ts';
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

export function createCapture({ plan, conductor, clock, runChecks, signal }: CaptureParts): Capture {
  let collected: Map<ProbeId, Reading[]> | undefined;

  const freeze = async (state: RunState, since: NonNullable<RunState['capture']>) => {
    const readings = new Map<ProbeId, Reading[]>(plan.probes.map(({ id }) => [probeId(id), []]));
    collected = readings;
    await clock.wait(between(clock.now(), after(since.since, since.length)), signal);
    const findings = await runChecks();
    collected = undefined;
    const { environment, target } = state;
    const captured = captureBaseline({ readings, findings, environment, target, from: since.since, to: clock.now() });
    const thin = thinProbes(captured.baseline);
    if (thin.length > 0) return conductor.submit({ kind: 'capture-failed', because: thin.join('; ') });
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
