import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { parsePlan } from '../../../src/core/plan/parse.ts';
import { planOf } from './a-plan.ts';

const folder = 'examples/cryoprotect';
const text = await readFile(`${folder}/ripcord.yaml`, 'utf8');
const env = Object.fromEntries(
  ['guard', 'reader', 'reach', 'undo'].map((login) => [
    `${login.toUpperCase()}_URL`,
    `postgres://${login}:Zx9-secret@db.example/cryoprotect`,
  ]),
);

test.each([undefined, 'development', 'staging', 'production'])('the example is a plan in %s', (environment) => {
  const { plan } = planOf(text, { env, ...(environment !== undefined && { environment }) });
  expect(plan.phases.map(({ id }) => id)).toEqual([
    'security-lockdown',
    'schema-standardization',
    'relationship-remediation',
    'data-migration',
    'performance-optimization',
  ]);
});

test('the example has the values of the original document', () => {
  const { plan } = planOf(text);
  const hour = 3_600_000;
  const estimates = Object.values(plan.environments).map(({ estimate }) => estimate.rollback);
  expect(estimates).toEqual([2 * hour, 3 * hour, 4 * hour]);
  expect(
    plan.phases.map(({ rollback }) => (rollback === 'restore' || 'steps' in rollback ? rollback : rollback.command)),
  ).toEqual([
    ['node', 'implement_security.ts', '--rollback'],
    ['node', 'standardize_schema.ts', '--rollback'],
    ['node', 'fix_relationships.ts', '--rollback'],
    'restore',
    ['node', 'verify_performance_indexes.ts', '--remove'],
  ]);
  expect(plan.environments.staging?.restore?.steps).toHaveLength(5);
  expect(plan.environments.development?.restore?.steps).toEqual(plan.environments.staging?.restore?.steps);
  expect(plan.environments.production?.restore?.steps.flatMap(({ tier }) => tier ?? [])).toEqual([1, 2, 3]);
  expect(plan.criteria).toMatchObject({ performance: { slower_than: 1.5 }, runtime: { longer_than: 2 } });
  expect(plan.verification).toHaveLength(4);
  expect(plan.watch.for).toBe(hour);
  expect(plan.prerequisites.proved_backups).toBeGreaterThan(1);
});

test('every script that the example names exists', () => {
  const { plan } = planOf(text);
  const commands = plan.phases.flatMap(({ apply, rollback }) => [
    apply ?? [],
    rollback !== 'restore' && 'command' in rollback ? rollback.command : [],
  ]);
  const scripts = commands.flat().filter((word) => word.endsWith('.ts'));
  expect(scripts).toHaveLength(9);
  expect(scripts.filter((script) => !existsSync(`${folder}/${script}`))).toEqual([]);
});

test('the example’s first line names the schema for editors, relative to it', () => {
  const schema = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)?.[1] ?? '';
  expect(existsSync(`${folder}/${schema}`)).toBe(true);
});

const snippets = [
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  ': ',
  '- ',
  '\n',
  '\t',
  '*tables',
  '&a ',
  '!x ',
  '|',
  '%',
  '#',
  '~',
  ',',
  '${env:X}',
  '${env:',
  '50%',
  'é',
  '\u0000',
  '\r\n',
  '---\n',
  '...\n',
  '<<: *tables',
  '? ',
  '1e999',
  '.nan',
];
const mutation = fc.record({
  at: fc.nat(),
  cut: fc.nat({ max: 60 }),
  put: fc.oneof(fc.constantFrom(...snippets), fc.string({ maxLength: 5, unit: 'binary' })),
});
const mutate = (plan: string, { at, cut, put }: { at: number; cut: number; put: string }) => {
  const start = at % (plan.length + 1);
  return plan.slice(0, start) + put + plan.slice(start + cut);
};

test('a damaged example either parses or has faults located in its text', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const spoilt = mutations.reduce(mutate, text);
      const parsed = parsePlan(spoilt, { env, environment: 'production', readFile: () => undefined });
      if (!('faults' in parsed)) return;
      const lines = spoilt.split('\n');
      expect(parsed.faults.length).toBeGreaterThan(0);
      expect(
        parsed.faults.filter(
          ({ line, column }) => line < 1 || column < 1 || column > (lines[line - 1] ?? '').length + 1,
        ),
      ).toEqual([]);
      expect(JSON.stringify(parsed.faults)).not.toContain('Zx9-secret');
    }),
    { numRuns: 150 },
  );
});
