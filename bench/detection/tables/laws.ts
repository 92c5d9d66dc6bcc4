import { overview } from '../cases.ts';
import { alarmShare, perWeek } from '../figures.ts';
import { slower } from '../laws/effects.ts';
import { laws } from '../laws/laws.ts';
import { figuresFor, isIn, type Results } from '../results.ts';
import { rules } from '../rules.ts';
import { nothing, sayDelay, sayNumber, sayShare, table } from './markdown.ts';

/** The most cautious and the fastest rule of each system. */
const shown = ['ripcord', 'prometheus-mean-1m', 'prometheus-p95-5m', 'argo-3', 'flagger-10', 'kayenta'];

function byLaw(results: Results, factor: number, say: (figures: ReturnType<typeof figuresFor>) => string): string {
  const columns = rules.filter(isIn(results)).filter(({ name }) => shown.includes(name));
  const rows = laws.map(({ name, says }) => [
    says,
    ...columns.map((rule) => say(figuresFor(results, name, slower(factor), overview, rule.name))),
  ]);
  return table(['law', ...columns.map(({ title }) => title)], rows);
}

export const falseAlarmsByLaw = (results: Results): string =>
  byLaw(results, 1, (figures) => (figures === undefined ? nothing : sayNumber(perWeek(alarmShare(figures)))));

export const wrongByLaw = (results: Results): string =>
  byLaw(results, 1.4, (figures) => (figures === undefined ? nothing : sayShare(alarmShare(figures))));

export const delaysByLaw = (results: Results): string => byLaw(results, 2, sayDelay);
