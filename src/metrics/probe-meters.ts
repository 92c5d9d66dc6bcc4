import { Registry } from 'prom-client';

import { failureReasons, type Part, partNames, type Parts, type Reading } from '../core/evidence/reading.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { counter, histogram } from './instruments.ts';

/** So many probes are written out in a few milliseconds, during which no question can be asked. */
const probesPerSlice = 50;

/** The parts that a probe's answers may have: their series are there from the start. */
export type PartsOf = (probe: ProbeId) => readonly Part[];

interface Slice {
  readonly registry: Registry;
  /** Counts a question that was asked. */
  readonly count: (reading: Exclude<Reading, { readonly state: 'missing' }>) => void;
}

/** Adds up what answers spend their time on. */
function createPartMeters(registry: Registry) {
  const time = counter('ripcord_probe_part_seconds_total', registry);
  const times = counter('ripcord_probe_parts_total', registry);
  return {
    publish(probe: ProbeId, parts: readonly Part[]) {
      for (const part of parts) for (const one of [time, times]) one.inc({ probe, part }, 0);
    },
    count(probe: ProbeId, parts: Parts) {
      for (const part of partNames) {
        const length = parts[part];
        if (length === undefined) continue;
        time.inc({ probe, part }, length / 1_000);
        times.inc({ probe, part });
      }
    },
  };
}

function createSlice(probes: readonly ProbeId[], partsOf: PartsOf): Slice {
  const registry = new Registry();
  const duration = histogram('ripcord_probe_duration_seconds', registry);
  const attempts = counter('ripcord_probe_attempts_total', registry);
  const failures = counter('ripcord_probe_failures_total', registry);
  const parts = createPartMeters(registry);
  for (const probe of probes) {
    parts.publish(probe, partsOf(probe));
    duration.zero({ probe });
    attempts.inc({ probe }, 0);
    for (const reason of failureReasons) failures.inc({ probe, reason }, 0);
  }
  return {
    registry,
    count(reading) {
      const { probe } = reading;
      attempts.inc({ probe });
      if (reading.state === 'answered') {
        duration.observe({ probe }, reading.took / 1_000);
        if (reading.parts !== undefined) parts.count(probe, reading.parts);
      } else failures.inc({ probe, reason: reading.cause.reason });
    },
  };
}

export interface ProbeMeters extends Pick<Slice, 'count'> {
  /** All hold the same families, each for other probes. */
  readonly registries: readonly Registry[];
}

/** What every reading moves, cut into slices so that a scrape of a thousand probes delays no question. */
export function createProbeMeters(probes: readonly ProbeId[], partsOf: PartsOf): ProbeMeters {
  const first = createSlice(probes.slice(0, probesPerSlice), partsOf);
  const slices = [first];
  const sliceOf = new Map<ProbeId, Slice>();
  for (let start = probesPerSlice; start < probes.length; start += probesPerSlice) {
    const some = probes.slice(start, start + probesPerSlice);
    const slice = createSlice(some, partsOf);
    slices.push(slice);
    for (const probe of some) sliceOf.set(probe, slice);
  }
  return {
    registries: slices.map(({ registry }) => registry),
    count: (reading) => (sliceOf.get(reading.probe) ?? first).count(reading),
  };
}
