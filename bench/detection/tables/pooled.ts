import type { Place } from '../cases.ts';
import { alarmShare, type Figures, perWeek, upperBound } from '../figures.ts';
import type { Effect } from '../laws/effects.ts';
import { figuresFor, type Results } from '../results.ts';

/** Watches of several laws taken together. */
export interface Pooled {
  readonly share: number;
  /** Not above this, with 95 % confidence. Each law has the same weight, because each has as many watches. */
  readonly bound: number;
  readonly watches: number;
  readonly worst: { readonly law: string; readonly share: number };
}

/** Undefined if none of these laws was run. */
export function pool(
  results: Pick<Results, 'cases'>,
  laws: readonly string[],
  effect: Effect,
  place: Place,
  rule: string,
): Pooled | undefined {
  const found = laws.flatMap((law): readonly { law: string; figures: Figures }[] => {
    const figures = figuresFor(results, law, effect, place, rule);
    return figures === undefined ? [] : [{ law, figures }];
  });
  if (found.length === 0) return undefined;
  const alarms = found.reduce((sum, { figures }) => sum + figures.alarms, 0);
  const watches = found.reduce((sum, { figures }) => sum + figures.watches, 0);
  const shares = found.map(({ law, figures }) => ({ law, share: alarmShare(figures) }));
  const worst = shares.reduce((a, b) => (b.share > a.share ? b : a));
  return { share: alarms / watches, bound: upperBound(alarms, watches), watches, worst };
}

/** False alarms per week, hour by hour, and their upper bound with 95 % confidence. */
export const weekly = ({ share, bound }: Pooled): { rate: number; bound: number } => ({
  rate: perWeek(share),
  bound: perWeek(bound),
});
