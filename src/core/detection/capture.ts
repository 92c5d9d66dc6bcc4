import { sayDuration } from '../kernel/duration.ts';
import { hashOf } from '../kernel/hash.ts';
import type { Hash, ProbeId } from '../kernel/ids.ts';
import { between, hours, type Instant, type Millis } from '../kernel/units.ts';
import { type Baseline, type ProbeBaseline, probeBaseline } from '../evidence/baseline.ts';
import { quantile } from '../evidence/quantile.ts';
import type { Reading } from '../evidence/reading.ts';
import { correlationTime } from './correlation.ts';
import { statementBaseline } from '../evidence/statement-index.ts';
import type { StatementInterval } from '../evidence/statements.ts';

export interface Captured extends Omit<Baseline, 'probes'> {
  /** By every probe of the plan; a probe that was never asked has an empty list, and so shows as a fault. */
  readonly readings: ReadonlyMap<ProbeId, readonly Reading[]>;
  /** For probes of statements: what ran between their samples, and how many statements count. */
  readonly intervals?: ReadonlyMap<ProbeId, Intervals>;
}

export interface Intervals {
  readonly top: number;
  readonly all: readonly StatementInterval[];
}

/**
 * Adds the spread and the correlation of the answers. The spread is half the distance between the logarithms of the
 * quantiles 0.16 and 0.84: the standard deviation of a lognormal distribution; absent if a quantile is 0.
 */
function described(probe: ProbeBaseline): ProbeBaseline {
  const ascending = Float64Array.from(probe.latencies).toSorted();
  const [low, high] = [quantile(probe.latencies, 0.16), quantile(probe.latencies, 0.84)];
  if (low === undefined || high === undefined) return probe;
  return {
    ...probe,
    ...(low > 0 && { spread: Number((Math.log(high / low) / 2).toFixed(3)) }),
    correlationTime: Number(correlationTime(probe.latencies, ascending).toFixed(2)),
  };
}

/** Freezes the observations from before phase 1. The run and its pre-approvals are bound to the hash. */
export function captureBaseline({ readings, intervals, ...seen }: Captured): {
  readonly baseline: Baseline;
  readonly hash: Hash;
} {
  const probes = [...readings].map(([probe, all]) => {
    const ran = intervals?.get(probe);
    return described(ran === undefined ? probeBaseline(probe, all) : statementBaseline(probe, ran.all, ran.top));
  });
  const baseline: Baseline = { ...seen, probes };
  return { baseline, hash: hashOf(baseline) };
}

export interface BaselineLimits {
  readonly maxAge: Millis;
  /** The number of answered readings that each probe needs. */
  readonly minReadings: number;
}

const sayTimes = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** Fewer answers say nothing about how fast a probe is. */
export const fewestReadings = 5;
/** An older baseline is from another day and compares with another load. */
export const oldestBaseline = hours(24);

function thinProbe({ probe, latencies: { length: answered } }: ProbeBaseline, minReadings: number): readonly string[] {
  if (answered === 0) return [`probe ${probe} never answered`];
  return answered < minReadings ? [`probe ${probe} answered ${sayTimes(answered)}, wanted ${minReadings}`] : [];
}

/** Probes with too few answers, one sentence each: such a baseline is not even frozen. */
export const thinProbes = ({ probes }: Pick<Baseline, 'probes'>, minReadings = fewestReadings): readonly string[] =>
  probes.flatMap((probe) => thinProbe(probe, minReadings));

const failing = ({ probe, failed }: ProbeBaseline): readonly string[] =>
  failed === 0 ? [] : [`probe ${probe} failed ${sayTimes(failed)}, wanted a baseline of answers only`];

/** Why a baseline cannot be used, one sentence each; empty if it can. Its age counts from the last reading. */
export function baselineFaults(
  baseline: Baseline,
  now: Instant,
  { maxAge, minReadings }: BaselineLimits,
): readonly string[] {
  const age = between(baseline.to, now);
  return [
    ...(baseline.probes.length === 0 ? ['no probe was asked'] : []),
    ...baseline.probes.flatMap((probe) => [...thinProbe(probe, minReadings), ...failing(probe)]),
    ...(age > maxAge ? [`it is ${sayDuration(age)} old, wanted at most ${sayDuration(maxAge)}`] : []),
  ];
}
