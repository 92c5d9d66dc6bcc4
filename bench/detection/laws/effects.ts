import type { Random } from './random.ts';

/** The effect of the change on the latencies, from its moment on. */
export type Effect =
  | { readonly kind: 'slower'; readonly factor: number }
  /** Only latencies above the baseline's own q-quantile become slower. */
  | { readonly kind: 'slower-tail'; readonly factor: number; readonly above: number }
  /** The factor grows evenly from 1, over `seconds`. */
  | { readonly kind: 'gradual'; readonly factor: number; readonly seconds: number }
  /** This share of probes fails, which counts as infinitely slow. */
  | { readonly kind: 'errors'; readonly share: number };

export const slower = (factor: number): Effect => ({ kind: 'slower', factor });

export function sayEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'slower':
      return effect.factor === 1 ? 'no change' : `${effect.factor}x`;
    case 'slower-tail':
      return `only the slowest ${Math.round(100 * (1 - effect.above))} % of responses ${effect.factor}x as slow`;
    case 'gradual':
      return `growing to ${effect.factor}x over ${effect.seconds / 60} min`;
    case 'errors':
      return `${Math.round(100 * effect.share)} % of responses fail`;
  }
}

/**
 * Changes `latencies` (ms) in place, from index `from` on. `unchanged` are latencies of the same law before the change; the
 * tail's threshold is taken from them.
 */
export function change(
  latencies: Float64Array,
  from: number,
  effect: Effect,
  unchanged: Float64Array,
  random: Random,
  dtSeconds: number,
): void {
  const changed = transformation(effect, unchanged, random, dtSeconds);
  for (let at = from; at < latencies.length; at += 1) latencies[at] = changed(latencies[at] ?? 0, at - from);
}

function transformation(
  effect: Effect,
  unchanged: Float64Array,
  { uniform }: Random,
  dtSeconds: number,
): (latency: number, since: number) => number {
  switch (effect.kind) {
    case 'slower':
      return (latency) => latency * effect.factor;
    case 'slower-tail': {
      const line = unchanged.toSorted()[Math.floor(effect.above * unchanged.length)] ?? Number.POSITIVE_INFINITY;
      return (latency) => (latency > line ? latency * effect.factor : latency);
    }
    case 'gradual':
      return (latency, since) =>
        latency * (1 + (effect.factor - 1) * Math.min(1, (since * dtSeconds) / effect.seconds));
    case 'errors':
      return (latency) => (uniform() < effect.share ? Number.POSITIVE_INFINITY : latency);
  }
}
