import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { scrape } from './page.ts';
import { readQuery } from './promql.ts';
import { fill, metricsOfPlan, metricsOfProcess } from './sample.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const rule = z.strictObject({
  alert: z.string().regex(/^Ripcord[A-Z]/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const { groups } = z
  .strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })) })
  .parse(parse(read('prometheus.rules.yml')));
const rules = groups.flatMap((group) => group.rules);

describe.each(rules)('$alert, $labels.severity', ({ alert, expr, annotations }) => {
  test('uses exported metrics only', async () => {
    const metrics = metricsOfPlan();
    fill(metrics);
    const page = await scrape(metricsOfProcess(), metrics);
    const { faults, metrics: names } = readQuery(expr);
    expect(faults).toEqual([]);
    expect(names.filter((name) => name !== 'up' && page.find(name).length === 0)).toEqual([]);
  });

  test('links to a runbook that exists', () => {
    expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
    expect(read('docs/runbooks.md')).toContain(`\n## ${alert}\n`);
  });

  test('is tested', () => {
    expect(read('test/metrics/prometheus.rules.test.yml')).toContain(`alertname: ${alert}\n`);
  });
});

test('every runbook is about an existing alert', () => {
  const headings = [...read('docs/runbooks.md').matchAll(/^## (\w+)$/gm)].map(([, heading = '']) => heading);
  expect(headings.toSorted()).toEqual([...new Set(rules.map(({ alert }) => alert))].toSorted());
});
