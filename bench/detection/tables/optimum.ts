import { lognormalOf, overview, slowdowns } from '../cases.ts';
import { slower } from '../laws/effects.ts';
import { figuresFor, type Results } from '../results.ts';
import { grey, strict, untold } from '../ripcord.ts';
import { defaults, type Rule } from '../rule.ts';
import type { Optimum } from '../task.ts';
import { nothing, sayDelay, sayNumber, table } from './markdown.ts';

/** No rule that ignores stalls can be faster than this, whatever it sees. */
export const stallReadings = Math.ceil(defaults.stallSeconds) + 1;

const isTold = (rule: Pick<Rule, 'name'>): boolean => rule.name === grey.name || rule.name === strict.name;

/**
 * The median of the optimum to compare this rule with: if the rule knows when the change was made, so does the optimum. All
 * other rules are compared with the slower optimum that does not.
 */
export function fastest(
  { optimum }: Pick<Results, 'optimum'>,
  rule: Pick<Rule, 'name'>,
  sigma: number,
  slowdown: number,
): number | undefined {
  const found = optimum.find((one) => one.sigma === sigma && one.slowdown === slowdown);
  return isTold(rule) ? found?.knownTime.median : found?.unknownTime.median;
}

const times = (median: number | undefined, best: number): string =>
  median === undefined ? nothing : `${sayNumber(median / Math.max(best, stallReadings))}x`;

const sayBest = (best: number): string => (best < stallReadings ? `${best} (stall: ${stallReadings})` : String(best));

function row(results: Results, { sigma, slowdown, knownTime, unknownTime }: Optimum): readonly string[] {
  const found = (rule: Rule, baseline: number) =>
    figuresFor(results, lognormalOf(sigma), slower(slowdown), { ...overview, baseline }, rule.name);
  const marked = found(grey, 1_000);
  const unmarked = found(untold, 1_000);
  return [
    `${sigma.toFixed(1)}, ${slowdown}x`,
    sayDelay(found(grey, 300)),
    sayDelay(marked),
    sayBest(knownTime.median),
    times(marked?.median, knownTime.median),
    sayDelay(unmarked),
    sayBest(unknownTime.median),
    times(unmarked?.median, unknownTime.median),
  ];
}

/**
 * The distance from the fastest possible rule: with a baseline of 300 and of 1,000 readings, with and without knowledge of
 * the time of the change.
 */
export function optimumTable(results: Results): string {
  const head = [
    'sigma, slowdown',
    'Ripcord, 300',
    'Ripcord, 1,000',
    'optimum, time known',
    'ratio',
    'no marker, 1,000',
    'optimum, time unknown',
    'ratio',
  ];
  const rows = results.optimum.filter(({ slowdown }) => slowdowns.includes(slowdown));
  return table(
    head,
    rows.map((one) => row(results, one)),
  );
}
