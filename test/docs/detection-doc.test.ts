import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { curvePlot } from '../../bench/detection/plot/curve.ts';
import { planePlot } from '../../bench/detection/plot/plane.ts';
import type { Results } from '../../bench/detection/results.ts';
import { fillIn, tables } from '../../bench/detection/tables/tables.ts';

const read = (name: string) => readFile(resolve(import.meta.dirname, '../../docs', name), 'utf8');
const results = async () => JSON.parse(await read('detection-results.json')) as Results;

test('the document has every table, and each one matches the results', async () => {
  const document = await read('detection.md');
  expect(fillIn(document, await results())).toBe(document);
  for (const name of Object.keys(tables)) expect(document).toContain(`<!-- table ${name} -->\n\n|`);
});

test.each([
  { name: 'detection-plane.svg', plot: planePlot },
  { name: 'detection-curve.svg', plot: curvePlot },
])('$name matches the results', async ({ name, plot }) => {
  expect(plot(await results())).toBe(await read(name));
});
