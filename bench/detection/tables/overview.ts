import { overview, type Place, slowdowns, slowProbe, slowProbeLaws } from '../cases.ts';
import { alarmShare, perWeek } from '../figures.ts';
import { slower } from '../laws/effects.ts';
import { laws } from '../laws/laws.ts';
import { figuresFor, isIn, type Results } from '../results.ts';
import type { Rule } from '../rule.ts';
import { rules } from '../rules.ts';
import { nothing, sayDelay, sayNumber, sayShare, table } from './markdown.ts';
import { fastest } from './optimum.ts';
import { pool, weekly } from './pooled.ts';

const common = 'lognormal-0.3';
const everyLaw = laws.map(({ name }) => name);

/** A rate of zero is known only up to a bound. A rate that was seen has an error of its own, which the bound shows. */
function sayRate(results: Results, lawNames: readonly string[], place: Place, rule: Rule) {
  const pooled = pool(results, lawNames, slower(1), place, rule.name);
  if (pooled === undefined) return { rate: nothing, worst: nothing };
  const { rate, bound } = weekly(pooled);
  const { law, share } = pooled.worst;
  return {
    rate: `${sayNumber(rate)} (< ${sayNumber(bound)})`,
    worst: share === 0 ? '0' : `${sayNumber(perWeek(share))}, ${law}`,
  };
}

const wrongShare = (results: Results, lawNames: readonly string[], place: Place, rule: Rule) => {
  const pooled = pool(results, lawNames, slower(1.4), place, rule.name);
  return pooled === undefined ? nothing : sayShare(pooled.share);
};

/** Every rule: false alarms, alarms below the limit, and delays. */
export function overviewTable(results: Results): string {
  const head = [
    'rule',
    'false alarms a week',
    'worst law',
    'wrong at 1.4x',
    'mean of laws',
    ...slowdowns.map((factor) => `${factor}x`),
    'of the optimum',
  ];
  const rows = rules.filter(isIn(results)).map((rule) => {
    const { rate, worst } = sayRate(results, everyLaw, overview, rule);
    const below = figuresFor(results, common, slower(1.4), overview, rule.name);
    const found = (factor: number) => figuresFor(results, common, slower(factor), overview, rule.name);
    const best = fastest(results, rule, 0.3, 2);
    const at2 = found(2)?.median;
    return [
      rule.title,
      rate,
      worst,
      below === undefined ? nothing : sayShare(alarmShare(below)),
      wrongShare(results, everyLaw, overview, rule),
      ...slowdowns.map((factor) => sayDelay(found(factor))),
      at2 === undefined || best === undefined ? nothing : `${sayNumber(at2 / best)}x`,
    ];
  });
  return table(head, rows);
}

/** The same question with one reading in five seconds. Delays are in readings of five seconds each. */
export function slowProbeTable(results: Results): string {
  const head = ['rule', 'false alarms a week', 'wrong at 1.4x', 'mean of laws', '2x, readings'];
  const rows = rules.filter(isIn(results)).map((rule) => {
    const below = figuresFor(results, common, slower(1.4), slowProbe, rule.name);
    return [
      rule.title,
      sayRate(results, slowProbeLaws, slowProbe, rule).rate,
      below === undefined ? nothing : sayShare(alarmShare(below)),
      wrongShare(results, slowProbeLaws, slowProbe, rule),
      sayDelay(figuresFor(results, common, slower(2), slowProbe, rule.name)),
    ];
  });
  return table(head, rows);
}
