import {
  baselineLengths,
  failures,
  lognormals,
  nearLimit,
  nearLimitLengths,
  otherEffects,
  overview,
} from '../cases.ts';
import { alarmShare } from '../figures.ts';
import { sayEffect, slower } from '../laws/effects.ts';
import { figuresFor, isIn, type Results } from '../results.ts';
import { grey, strict } from '../ripcord.ts';
import { ours, rules } from '../rules.ts';
import { nothing, sayDelay, sayShare, table } from './markdown.ts';

const share = (figures: ReturnType<typeof figuresFor>): string =>
  figures === undefined ? nothing : sayShare(alarmShare(figures));

/** The share of hours that alarm while the latency is exactly at the limit or slightly below. */
export function nearLimitTable(results: Results): string {
  const rows = nearLimit.flatMap((factor) =>
    [grey, strict].map((rule) => [
      factor === 1.5 ? 'exactly 1.5x' : `${factor}x`,
      rule.title,
      ...nearLimitLengths.map((baseline) =>
        lognormals
          .slice(0, 3)
          .map((law) => share(figuresFor(results, law, slower(factor), { baseline, dtSeconds: 1 }, rule.name)))
          .join(' / '),
      ),
    ]),
  );
  return table(['slowdown', 'rule', ...nearLimitLengths.map((length) => `baseline of ${length}`)], rows);
}

/** The benefit of a longer baseline. */
export function baselineTable(results: Results): string {
  const shown = ['lognormal-0.3', 'lognormal-0.6', 'lognormal-1.0', 'correlated-0.8'];
  const rows = baselineLengths.map((baseline) => {
    const place = { baseline, dtSeconds: 1 };
    const wrong = shown.map((law) => share(figuresFor(results, law, slower(1.4), place, grey.name)));
    return [
      String(baseline),
      ...shown.map((law) => sayDelay(figuresFor(results, law, slower(2), place, grey.name))),
      wrong.join(' / '),
    ];
  });
  return table(['readings', 'sigma 0.3', 'sigma 0.6', 'sigma 1.0', 'correlated by 0.8', 'wrong at 1.4x'], rows);
}

/** Changes that are more than a plain slowdown. */
export function effectsTable(results: Results): string {
  const rows = rules
    .filter(isIn(results))
    .map(({ name, title }) => [
      title,
      ...otherEffects.map((effect) => sayDelay(figuresFor(results, 'lognormal-0.3', effect, overview, name))),
    ]);
  return table(['rule', ...otherEffects.map(sayEffect)], rows);
}

/**
 * Failures count as infinitely slow. Other systems' latency rules do not see them; those systems have separate rules for
 * failures.
 */
export function failuresTable(results: Results): string {
  const rows = ours
    .filter(isIn(results))
    .map(({ name, title }) => [
      title,
      ...failures.map((effect) => sayDelay(figuresFor(results, 'lognormal-0.3', effect, overview, name))),
    ]);
  return table(['rule', ...failures.map(sayEffect)], rows);
}
