import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { planJsonSchema } from '../../../src/core/plan/json-schema.ts';
import { goodPlan } from './a-plan.ts';

/** The library that reads the schema back does not know choices among required keys alone. */
const withoutChoices = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(withoutChoices);
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, item]) =>
      key === 'oneOf' || key === 'allOf' ? [] : [[key, withoutChoices(item)]],
    ),
  );
};
const editor = z.fromJSONSchema(Object(withoutChoices(planJsonSchema())));
const complaints = (text: string) =>
  editor.safeParse(parse(text)).error?.issues.map(({ path }) => path.join('.')) ?? [];

test('docs/ripcord.schema.json matches the plan’s schema', async () => {
  const written: unknown = JSON.parse(await readFile('docs/ripcord.schema.json', 'utf8'));
  expect(written, 'the plan’s schema has changed; run: npm run generate').toEqual(planJsonSchema());
});

test('an editor accepts the example', async () => {
  expect(complaints(await readFile('examples/cryoprotect/ripcord.yaml', 'utf8'))).toEqual([]);
});

test.each([
  { from: 'estimate: 1h', to: 'estimate: "${env:ESTIMATE}"', complains: [] },
  { from: 'url: postgres://guard@db.example/demo', to: 'url: "${env:DATABASE_URL}"', complains: [] },
  { from: 'url: postgres://guard@db.example/demo', to: 'url_file: secret', complains: [] },
  { from: `token_hash: sha256:${'a'.repeat(64)}`, to: 'token_hash_file: secret', complains: [] },
  { from: 'estimate: 1h', to: 'estimate: soon', complains: ['run.estimate'] },
  { from: 'estimate: 10m-20m', to: 'estimate: 10m - 20m', complains: [] },
  { from: 'name: demo', to: 'name: My Demo', complains: ['name'] },
  { from: '  staging:', to: '  Staging:', complains: ['environments.Staging'] },
  { from: 'ripcord: 1', to: 'ripcord: 1\ncolour: red', complains: [''] },
])('an editor that reads $to complains about $complains', ({ from, to, complains }) => {
  expect(goodPlan).toContain(from);
  expect(complaints(goodPlan.replace(from, () => to))).toEqual(complains);
});

test('the schema describes each section for editors', () => {
  const { properties } = z.looseObject({ properties: z.record(z.string(), z.unknown()) }).parse(planJsonSchema());
  const silent = Object.entries(properties).filter(([, section]) => !JSON.stringify(section).includes('"description"'));
  expect(silent.map(([name]) => name)).toEqual(['ripcord', 'name']);
});
