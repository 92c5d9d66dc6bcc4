import { type Effect, sayEffect, slower } from './laws/effects.ts';
import { laws } from './laws/laws.ts';
import type { Case } from './trial.ts';

/** A case, and whether other systems' rules run on it too. Some questions concern only our rule. */
export interface Planned extends Case {
  readonly asks: 'everyone' | 'ours';
}

/** Counted in readings, one per second. */
const hour = 3_600;
const halfAnHour = 1_800;

export const overview: Place = { baseline: 300, dtSeconds: 1 };
/** One probe in five seconds, ten minutes of baseline. */
export const slowProbe: Place = { baseline: 120, dtSeconds: 5 };
export const slowProbeLaws = ['lognormal-0.3', 'lognormal-1.0', 'bimodal', 'spikes', 'correlated-0.8', 'stalls'];
export const lognormalOf = (sigma: number): string => `lognormal-${sigma.toFixed(1)}`;
export const lognormals = [0.1, 0.3, 0.6, 1].map(lognormalOf);
export const baselineLengths = [30, 100, 300, 1_000, 3_600];
export const nearLimitLengths = [100, 300, 1_000];
export const nearLimit = [1.45, 1.5];
/** The guard and the limit: the greatest slowdowns at which the usual and the strict rule promise to stay silent. */
export const promisedFactors = [1.4, 1.5];
export const slowdowns = [1.6, 2, 3];
export const curve = [1.6, 1.8, 2, 2.5, 3, 4, 6, 10];
export const otherEffects: readonly Effect[] = [
  { kind: 'slower-tail', factor: 3, above: 0.9 },
  { kind: 'gradual', factor: 2, seconds: 600 },
];
export const failures: readonly Effect[] = [0.1, 0.3, 1].map((share) => ({ kind: 'errors', share }));

/**
 * This rate allows an alarm in one hour of a hundred. That can be counted, whereas counting one false alarm a year would take
 * centuries of watching.
 */
export const countable: Place = { baseline: 300, dtSeconds: 1, falseAlarmsPerYear: 87.66 };

export interface Place {
  readonly baseline: number;
  readonly dtSeconds: number;
  readonly falseAlarmsPerYear?: number;
}

/** The key of a case in the results. */
export function idOf(law: string, effect: Effect, { baseline, dtSeconds, falseAlarmsPerYear }: Place): string {
  const promise = falseAlarmsPerYear === undefined ? '' : `, ${falseAlarmsPerYear} false alarms a year`;
  return `${law}, ${sayEffect(effect)}, baseline of ${baseline}, one in ${dtSeconds} s${promise}`;
}

/** How many watches to run for rare events (false alarms), and for delays, whose median needs fewer. */
interface Counts {
  readonly quiet: number;
  readonly delays: number;
}

/** Watches of an hour in which an alarm is wrong. */
const quiet = (law: string, factor: number, place: Place, asks: Planned['asks'], { quiet }: Counts): Planned => ({
  id: idOf(law, slower(factor), place),
  law,
  effect: slower(factor),
  ...place,
  isLate: false,
  after: hour / place.dtSeconds,
  watches: quiet,
  asks,
});

/** Watches of half an hour from the change on in which an alarm is due. */
const loud = (law: string, effect: Effect, place: Place, asks: Planned['asks'], { delays }: Counts): Planned => ({
  id: idOf(law, effect, place),
  law,
  effect,
  ...place,
  isLate: true,
  after: halfAnHour / place.dtSeconds,
  watches: delays,
  asks,
});

function comparisons(counts: Counts): readonly Planned[] {
  const everyLaw = laws.flatMap(({ name }) => [
    ...[1, 1.4].map((factor) => quiet(name, factor, overview, 'everyone', counts)),
    ...slowdowns.map((factor) => loud(name, slower(factor), overview, 'everyone', counts)),
  ]);
  const seldom = slowProbeLaws.flatMap((law) => [
    ...[1, 1.4].map((factor) => quiet(law, factor, slowProbe, 'everyone', counts)),
    loud(law, slower(2), slowProbe, 'everyone', counts),
  ]);
  const further = [...curve.map(slower), ...otherEffects].map((effect) =>
    loud('lognormal-0.3', effect, overview, 'everyone', counts),
  );
  return [...everyLaw, ...seldom, ...further];
}

/** Questions that only our own rule can answer: how long the baseline should be, and how close to the limit it can be trusted. */
function limitsOfOurs(counts: Counts): readonly Planned[] {
  const ours = 'ours' as const;
  const near = lognormals
    .slice(0, 3)
    .flatMap((law) =>
      nearLimitLengths.flatMap((baseline) =>
        nearLimit.map((factor) => quiet(law, factor, { baseline, dtSeconds: 1 }, ours, counts)),
      ),
    );
  const lengths = [...lognormals, 'correlated-0.8'].flatMap((law) =>
    baselineLengths.flatMap((baseline) => [
      quiet(law, 1.4, { baseline, dtSeconds: 1 }, ours, counts),
      loud(law, slower(2), { baseline, dtSeconds: 1 }, ours, counts),
    ]),
  );
  const nearOptimum = lognormals.flatMap((law) =>
    slowdowns.map((factor) => loud(law, slower(factor), { baseline: 1_000, dtSeconds: 1 }, ours, counts)),
  );
  const failing = failures.map((effect) => loud('lognormal-0.3', effect, overview, ours, counts));
  const promises = laws.flatMap(({ name }) =>
    promisedFactors.map((factor) => quiet(name, factor, countable, ours, counts)),
  );
  return [...near, ...lengths, ...nearOptimum, ...failing, ...promises];
}

/**
 * All cases of the `wanted` laws, each once: `watches` of those that must stay quiet, half as many if only our rule runs, two
 * fifths for delays.
 */
export function planCases(watches: number, wanted: readonly string[]): readonly Planned[] {
  const counts: Counts = { quiet: watches, delays: Math.ceil(watches * 0.4) };
  const half = { ...counts, quiet: Math.ceil(watches / 2) };
  const byId = new Map<string, Planned>();
  for (const one of [...comparisons(counts), ...limitsOfOurs(half)]) if (!byId.has(one.id)) byId.set(one.id, one);
  return [...byId.values()].filter(({ law }) => wanted.includes(law));
}
