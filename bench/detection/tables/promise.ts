import { countable } from '../cases.ts';
import { type Figures, upperBound } from '../figures.ts';
import { slower } from '../laws/effects.ts';
import { laws } from '../laws/laws.ts';
import { figuresFor, type Results } from '../results.ts';
import { grey, strict } from '../ripcord.ts';
import { nothing, sayShare, table } from './markdown.ts';

const say = (figures: readonly Figures[]): string => {
  const alarms = figures.reduce((sum, one) => sum + one.alarms, 0);
  const watches = figures.reduce((sum, one) => sum + one.watches, 0);
  return watches === 0 ? nothing : `${alarms} of ${watches} (< ${sayShare(upperBound(alarms, watches))})`;
};

/**
 * The share of hours that alarm, where one in a hundred may, at the greatest slowdown at which each of our rules promises to
 * stay silent.
 */
export function promiseTable(results: Results): string {
  const cells = [
    { rule: grey, factor: 1.4 },
    { rule: strict, factor: 1.5 },
  ];
  const found = (law: string, { rule, factor }: (typeof cells)[number]): readonly Figures[] => {
    const figures = figuresFor(results, law, slower(factor), countable, rule.name);
    return figures === undefined ? [] : [figures];
  };
  const rows = laws.map(({ name, says }) => [says, ...cells.map((cell) => say(found(name, cell)))]);
  const all = ['all', ...cells.map((cell) => say(laws.flatMap(({ name }) => found(name, cell))))];
  return table(['law', ...cells.map(({ rule, factor }) => `${rule.title}, at ${factor}x`)], [...rows, all]);
}
