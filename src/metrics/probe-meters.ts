import { Registry } from 'prom-client';

import { isLateness, lateness } from '../core/evidence/own-time.ts';
import { failureReasons, type Part, partNames, type Parts, type Reading } from '../core/evidence/reading.ts';
import type { ProbeId } from '../core/kernel/ids.ts';
import { counter, derivedCounter, histogram } from './instruments.ts';
import { startAtZero } from './zero-series.ts';

/** The number of probes that can be written out in a few milliseconds, during which no probe can start. */
const probesPerSlice = 50;

/** The parts that a probe's readings may have. Their series exist from the start. */
export type PartsOf = (probe: ProbeId) => readonly Part[];

interface Slice {
  readonly registry: Registry;
  /** Counts an attempt, and a reading during which the guard itself was late. */
  readonly count: (reading: Reading) => void;
}

interface Total {
  seconds: number;
  times: number;
}

/** Adds up the parts of readings in plain sums, because updating a series by its labels is by far the most expensive step. */
function createPartMeters(registry: Registry) {
  const totals = new Map<ProbeId, Map<Part, Total>>();
  const totalOf = (probe: ProbeId, part: Part): Total => {
    const ofProbe = totals.get(probe) ?? new Map<Part, Total>();
    totals.set(probe, ofProbe);
    const total = ofProbe.get(part) ?? { seconds: 0, times: 0 };
    ofProbe.set(part, total);
    return total;
  };
  const rows = (value: (total: Total) => number) =>
    [...totals].flatMap(([probe, parts]) =>
      [...parts].map(([part, total]) => [{ probe, part }, value(total)] as const),
    );
  derivedCounter('ripcord_probe_part_seconds_total', registry, () => rows(({ seconds }) => seconds));
  derivedCounter('ripcord_probe_parts_total', registry, () => rows(({ times }) => times));
  return {
    publish(probe: ProbeId, parts: readonly Part[]) {
      for (const part of parts) totalOf(probe, part);
    },
    count(probe: ProbeId, parts: Parts) {
      for (const part of partNames) {
        const length = parts[part];
        if (length === undefined) continue;
        const total = totalOf(probe, part);
        total.seconds += length / 1_000;
        total.times += 1;
      }
    },
  };
}

function createSlice(probes: readonly ProbeId[], partsOf: PartsOf): Slice {
  const registry = new Registry();
  const duration = histogram('ripcord_probe_duration_seconds', registry);
  const attempts = counter('ripcord_probe_attempts_total', registry);
  const failures = counter('ripcord_probe_failures_total', registry);
  const late = counter('ripcord_probe_late_readings_total', registry);
  const parts = createPartMeters(registry);
  const ofProbes = probes.map((probe) => ({ probe }));
  for (const probe of probes) parts.publish(probe, partsOf(probe));
  for (const one of [duration, attempts, late]) startAtZero(one, ofProbes);
  startAtZero(
    failures,
    probes.flatMap((probe) => failureReasons.map((reason) => ({ probe, reason }))),
  );
  return {
    registry,
    count(reading) {
      const { probe } = reading;
      if (reading.state === 'missing') {
        if (isLateness(reading.because)) late.inc({ probe });
        if (reading.because !== lateness.asking) attempts.inc({ probe });
        return;
      }
      attempts.inc({ probe });
      if (reading.state === 'answered') {
        duration.observe({ probe }, reading.took / 1_000);
        if (reading.parts !== undefined) parts.count(probe, reading.parts);
      } else failures.inc({ probe, reason: reading.cause.reason });
    },
  };
}

export interface ProbeMeters extends Pick<Slice, 'count'> {
  /** The registries: all have the same families, each for other probes. */
  readonly registries: readonly Registry[];
}

/** The metrics that every reading updates, split into slices so that a scrape with a thousand probes delays none of them. */
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
