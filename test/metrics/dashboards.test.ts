import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { queriesOf } from '../../grafana/dashboard.ts';
import { overview } from '../../grafana/overview.ts';
import { metricsPage } from '../../src/metrics/page.ts';
import { type Page, scrape } from './page.ts';
import { onPath, whyNot } from './programs.ts';
import { startPrometheus } from './prometheus.ts';
import { readQuery } from './promql.ts';
import { fill, keys, metricsOfPlan, metricsOfProcess, orphans, schema } from './sample.ts';

const read = (path: string) => readFileSync(new URL(`../../grafana/${path}`, import.meta.url), 'utf8');

const mapping = z.object({ type: z.literal('value'), options: z.record(z.string(), z.object({ text: z.string() })) });

/** The query as Grafana would send it. */
const filledIn = (query: string) =>
  query
    .replaceAll('$instance', 'guard')
    .replaceAll('$plan', 'move')
    .replaceAll('$target', 'staging')
    .replaceAll('$__rate_interval', '10s')
    .replaceAll('$__range', '1h');

const queries = queriesOf(overview).map(({ where, expr }) => ({ where, query: filledIn(expr) }));

test('the committed dashboard is the generated one; if not: npm run generate', () => {
  expect(JSON.parse(read('dashboards/ripcord-overview.json'))).toEqual(overview);
});

test('no variable is left that Grafana would not replace, and no export placeholder', () => {
  expect(queries.filter(({ query }) => query.includes('$'))).toEqual([]);
  expect(read('dashboards/ripcord-overview.json')).not.toMatch(/\$\{DS_|__inputs/);
});

test('panels fill rows of 24, have unique ids, and have a description', () => {
  const rows = Map.groupBy(overview.panels, ({ gridPos }) => gridPos.y);
  for (const panels of rows.values()) expect(panels.reduce((width, { gridPos }) => width + gridPos.w, 0)).toBe(24);
  expect(new Set(overview.panels.map(({ id }) => id)).size).toBe(overview.panels.length);
  const silent = overview.panels.filter(
    (panel) => panel.type !== 'row' && !('description' in panel && panel.description),
  );
  expect(silent).toEqual([]);
});

test('provisioning names a data source of the dashboard’s type', () => {
  expect(parse(read('provisioning/datasources/prometheus.yml'))).toMatchObject({
    apiVersion: 1,
    datasources: [{ type: 'prometheus', uid: 'ripcord-prometheus' }],
  });
  expect(parse(read('provisioning/dashboards/ripcord.yml'))).toMatchObject({
    apiVersion: 1,
    providers: [{ type: 'file', options: { path: '/var/lib/grafana/dashboards' } }],
  });
});

describe('by the page', () => {
  let page: Page;
  beforeAll(async () => {
    const metrics = metricsOfPlan();
    fill(metrics);
    page = await scrape(metricsOfProcess(), metrics);
  });

  test.each(queries)('$where queries only exported metrics', ({ query }) => {
    const { faults, metrics } = readQuery(query);
    expect(faults).toEqual([]);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => page.find(name).length === 0)).toEqual([]);
  });
});

/** The word that a panel shows for a value, according to its mappings. */
function wordOf(title: string, value: number | undefined): string | undefined {
  const panel = overview.panels.find((one) => one.title === title);
  const shown = z
    .object({ fieldConfig: z.object({ defaults: z.object({ mappings: z.tuple([mapping]) }) }) })
    .parse(panel);
  return shown.fieldConfig.defaults.mappings[0].options[String(value)]?.text;
}

test('a real Prometheus answers every query, and states appear as words', async ({ skip }) => {
  skip(!onPath('prometheus'), whyNot('prometheus'));
  const [daemon, metrics, other] = [metricsOfProcess(), metricsOfPlan(), metricsOfPlan('shrink')];
  await using prometheus = await startPrometheus(() => {
    for (const one of [metrics, other]) fill(one);
    return metricsPage([daemon, metrics, other]);
  });
  const answers = await Promise.all(
    queries.map(async ({ where, query }) => ({ where, series: await prometheus.ask(query) })),
  );
  expect(answers.filter(({ series }) => series.length === 0).map(({ where }) => where)).toEqual([]);

  const word = (title: string, labels: Readonly<Record<string, string>> = {}) => {
    const series = answers.find(({ where }) => where === `${title} A`)?.series;
    return wordOf(title, series?.find((one) => isDeepStrictEqual(one.labels, labels))?.value);
  };
  expect(word('Run')).toBe('recommending');
  expect(word('Mode')).toBe('armed');
  expect(word('Phases', { phase: schema })).toBe('running');
  expect(word('Phases', { phase: keys })).toBe('not-started');
  expect(word('Verdict of each criterion', { criterion: 'performance' })).toBe('breach');
  expect(word('Verdict of each criterion', { criterion: 'functionality' })).toBe('not asked');
  expect(word('Checks', { check: orphans })).toBe('breach');
});
