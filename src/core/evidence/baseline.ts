import type { ProbeId } from '../kernel/ids.ts';
import { type Instant, type Millis, millis } from '../kernel/units.ts';
import type { Finding } from './finding.ts';
import { quantile } from './quantile.ts';
import { latencyOf, type Reading } from './reading.ts';
import type { StatementMix } from './statement-mix.ts';
import type { TargetIdentity } from './target.ts';

/** The answers of one probe before the change. */
export interface ProbeBaseline {
  readonly probe: ProbeId;
  /** Latencies of the answered readings in chronological order, in milliseconds. */
  readonly latencies: readonly number[];
  readonly failed: number;
  readonly missing: number;
  /** Over answered and failed readings, where a failure counts as infinitely slow; absent without any answer. */
  readonly p50?: Millis;
  readonly p95?: Millis;
  /** How much the answers scatter: about the standard deviation of their logarithms. */
  readonly spread?: number;
  /** How many consecutive readings carry the information of one independent reading; 1 if all are independent. */
  readonly correlationTime?: number;
  /** For a probe of statements: the mix that its latencies are computed with, here and later. */
  readonly statements?: StatementMix;
}

/** The frozen readings and findings from before phase 1. A baseline never changes; only a new capture replaces it. */
export interface Baseline {
  readonly environment: string;
  readonly target: TargetIdentity;
  readonly from: Instant;
  readonly to: Instant;
  /** How many sessions were active in the database during the capture: the median of several samples. */
  readonly concurrency?: number;
  readonly probes: readonly ProbeBaseline[];
  readonly findings: readonly Finding[];
}

const finite = (value: number | undefined): Millis | undefined =>
  value !== undefined && Number.isFinite(value) ? millis(value) : undefined;

/** Summarises latencies in chronological order. If the median falls among failures, it is no baseline and is omitted. */
export function latencySummary(asked: readonly number[]): Omit<ProbeBaseline, 'probe' | 'missing'> {
  const [p50, p95] = [finite(quantile(asked, 0.5)), finite(quantile(asked, 0.95))];
  return {
    latencies: asked.filter(Number.isFinite).map((latency) => Number(latency.toFixed(3))),
    failed: asked.filter((latency) => !Number.isFinite(latency)).length,
    ...(p50 !== undefined && { p50 }),
    ...(p95 !== undefined && { p95 }),
  };
}

/** Summarises one probe's readings. */
export function probeBaseline(probe: ProbeId, readings: readonly Reading[]): ProbeBaseline {
  const asked = readings.map(latencyOf).filter((latency) => latency !== undefined);
  return { probe, ...latencySummary(asked), missing: readings.length - asked.length };
}

export function baselineOf(baseline: Baseline | undefined, probe: ProbeId): ProbeBaseline | undefined {
  if (baseline === undefined) return undefined;
  const index = indexes.get(baseline) ?? new Map(baseline.probes.map((one) => [one.probe, one]));
  indexes.set(baseline, index);
  return index.get(probe);
}

/** A baseline never changes once it is frozen, and every evaluation looks up every probe. */
const indexes = new WeakMap<Baseline, ReadonlyMap<ProbeId, ProbeBaseline>>();
