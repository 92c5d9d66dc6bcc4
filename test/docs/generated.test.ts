import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { gather } from '../../bench/detection/gather.ts';
import { readOptions } from '../../bench/detection/options.ts';
import { planRun } from '../../bench/detection/plan.ts';
import { runTasks } from '../../bench/detection/pool.ts';
import type { Results } from '../../bench/detection/results.ts';
import { generated, root } from '../../tools/generated.ts';

test.each(generated)('$file is up to date; if not, run npm run generate', ({ file, text }) => {
  expect(readFileSync(join(root, file), 'utf8') === text()).toBe(true);
});

// The full comparison takes minutes and runs in CI. One distribution shows whether our rule or the streams changed.
test('docs/detection-results.json matches the current rule; if not, run npm run bench:detection', async () => {
  const stored = JSON.parse(readFileSync(join(root, 'docs/detection-results.json'), 'utf8')) as Results;
  const options = readOptions([
    '--seed',
    stored.seed,
    '--watches',
    String(stored.watches),
    '--only',
    'ripcord',
    '--laws',
    'gamma-4',
  ]);
  const plan = planRun(options);
  const now = gather(plan, await runTasks(plan.tasks, 1, () => undefined), options);
  const ids = new Set(now.cases.map(({ id }) => id));
  expect(now.wanted).toEqual(stored.wanted);
  expect(now.cases.length).toBeGreaterThan(1);
  const figures = (results: Results) =>
    results.cases.map(({ id, figures: each }) => ({ id, figures: each.find(({ rule }) => rule === 'ripcord') }));
  expect(JSON.parse(JSON.stringify(figures(now)))).toEqual(figures(stored).filter(({ id }) => ids.has(id)));
}, 120_000); // of computation, on a machine that others may use
