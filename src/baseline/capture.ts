import { captureBaseline, thinProbes } from '../core/detection/capture.ts';
import type { Finding } from '../core/evidence/finding.ts';
import { median } from '../core/evidence/quantile.ts';
import type { Reading } from '../core/evidence/reading.ts';
import type { StatementInterval } from '../core/evidence/statements.ts';
import type { Clock } from '../core/kernel/clock.ts';
import { sayError } from '../core/kernel/errors.ts';
import { type ProbeId, probeId } from '../core/kernel/ids.ts';
import { after, between, type Instant, millis, seconds } from '../core/kernel/units.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { RunState } from '../core/run/state.ts';
import type { Conductor } from '../runs/conductor.ts';

export interface CaptureParts {
  readonly plan: Plan;
  readonly conductor: Conductor;
  readonly clock: Clock;
  readonly runChecks: () => Promise<readonly Finding[]>;
  /** The number of active sessions in the database now; undefined if the login cannot see it. */
  readonly concurrency: () => Promise<number | undefined>;
  readonly signal: AbortSignal;
}

/** Collects readings while a baseline is being captured, and freezes the baseline when the capture time is over. */
export interface Capture {
  reading(reading: Reading): void;
  /** What ran between two reads of the statement statistics. */
  interval(probe: ProbeId, interval: StatementInterval): void;
  /** Starts when the state says that a capture has begun. */
  begin(state: RunState): void;
}

const betweenCounts = seconds(5);

/** Samples until the end and returns the typical value. */
async function concurrencyUntil(
  end: Instant,
  count: CaptureParts['concurrency'],
  clock: Clock,
  signal: AbortSignal,
): Promise<number | undefined> {
  const counts: number[] = [];
  for (let left = between(clock.now(), end); left > 0; left = between(clock.now(), end)) {
    await clock.wait(millis(Math.min(left, betweenCounts)), signal);
    const now = await count().catch(() => undefined); // a failed sample is left out
    if (now !== undefined) counts.push(now);
  }
  return median(counts);
}

interface Ran {
  readonly top: number;
  readonly all: StatementInterval[];
}

const newIntervals = ({ probes }: Plan): ReadonlyMap<ProbeId, Ran> =>
  new Map(
    probes.flatMap(({ id, statements }): readonly (readonly [ProbeId, Ran])[] =>
      statements === undefined ? [] : [[probeId(id), { top: statements.top, all: [] }]],
    ),
  );

export function createCapture({ plan, conductor, clock, runChecks, concurrency, signal }: CaptureParts): Capture {
  let collected: Map<ProbeId, Reading[]> | undefined;
  let intervals = newIntervals(plan);

  const freeze = async (state: RunState, since: NonNullable<RunState['capture']>) => {
    const readings = new Map<ProbeId, Reading[]>(plan.probes.map(({ id }) => [probeId(id), []]));
    collected = readings;
    intervals = newIntervals(plan);
    const atWork = await concurrencyUntil(after(since.since, since.length), concurrency, clock, signal);
    const findings = await runChecks();
    collected = undefined;
    const { environment, target } = state;
    const captured = captureBaseline({
      readings,
      intervals,
      findings,
      environment,
      target,
      from: since.since,
      to: clock.now(),
      ...(atWork !== undefined && { concurrency: atWork }),
    });
    const thin = thinProbes(captured.baseline);
    if (thin.length > 0) return conductor.submit({ kind: 'capture-failed', because: thin.join('; ') });
    return conductor.submit({ kind: 'captured', ...captured });
  };

  return {
    reading: (reading) => void collected?.get(reading.probe)?.push(reading),
    interval(probe, interval) {
      if (collected !== undefined) intervals.get(probe)?.all.push(interval);
    },
    begin(state) {
      if (state.capture === undefined) return;
      freeze(state, state.capture).catch(async (error: unknown) => {
        collected = undefined;
        if (signal.aborted) return;
        const because = sayError(error);
        await conductor.submit({ kind: 'capture-failed', because }).catch(() => undefined);
      });
    },
  };
}
