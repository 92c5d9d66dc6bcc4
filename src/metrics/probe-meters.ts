import { Registry } from 'prom-client';

import { failureReasons, type Reading } from '../core/evidence/reading.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { counter, histogram } from './instruments.ts';

/** So many probes are written out in a few milliseconds, during which no question can be asked. */
const probesPerSlice = 50;

interface Slice {
  readonly registry: Registry;
  /** Counts a question that was asked. */
  readonly count: (reading: Exclude<Reading, { readonly state: 'missing' }>) => void;
}

function createSlice(probes: readonly ProbeId[]): Slice {
  const registry = new Registry();
  const duration = histogram('ripcord_probe_duration_seconds', registry);
  const attempts = counter('ripcord_probe_attempts_total', registry);
  const failures = counter('ripcord_probe_failures_total', registry);
  for (const probe of probes) {
    duration.zero({ probe });
    attempts.inc({ probe }, 0);
    for (const reason of failureReasons) failures.inc({ probe, reason }, 0);
  }
  return {
    registry,
    count(reading) {
      const { probe } = reading;
      attempts.inc({ probe });
      if (reading.state === 'answered') duration.observe({ probe }, reading.took / 1_000);
      else failures.inc({ probe, reason: reading.cause.reason });
    },
  };
}

export interface ProbeMeters extends Pick<Slice, 'count'> {
  /** All hold the same families, each for other probes. */
  readonly registries: readonly Registry[];
}

/** What every reading moves, cut into slices so that a scrape of a thousand probes delays no question. */
export function createProbeMeters(probes: readonly ProbeId[]): ProbeMeters {
  const first = createSlice(probes.slice(0, probesPerSlice));
  const slices = [first];
  const sliceOf = new Map<ProbeId, Slice>();
  for (let start = probesPerSlice; start < probes.length; start += probesPerSlice) {
    const some = probes.slice(start, start + probesPerSlice);
    const slice = createSlice(some);
    slices.push(slice);
    for (const probe of some) sliceOf.set(probe, slice);
  }
  return {
    registries: slices.map(({ registry }) => registry),
    count: (reading) => (sliceOf.get(reading.probe) ?? first).count(reading),
  };
}
