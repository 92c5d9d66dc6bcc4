import { expect, test } from 'vitest';

import { checks } from '../../src/checks/catalogue.ts';
import type { Scope } from '../../src/checks/check.ts';
import { executeCheck } from '../../src/checks/execute-check.ts';
import { exampleOf } from '../../src/checks/self-test.ts';
import { nothingDeclared } from '../../src/core/evidence/declared.ts';
import { instant, millis } from '../../src/core/kernel/units.ts';
import { cataloguePlan } from '../../src/core/plan/catalogue.ts';

const limits = cataloguePlan.parse({})['definer-functions'];

/** One evaluation of this many SECURITY DEFINER functions, and how often another task got a turn in the meantime. */
async function lookAtMany(count: number) {
  const check = checks['definer-functions'];
  if (check === undefined) throw new Error('there is no such check');
  const { scope } = exampleOf(check, limits as never);
  const fields = ['kind', 'relation', 'name', 'caller', 'owner'];
  const rows = Array.from({ length: count }, (_, place) => [
    'function',
    null,
    `public.f_${place}()`,
    'anon',
    'hostile',
  ]);
  let [turns, on] = [0, true];
  const turn = (): void => {
    turns += 1;
    if (on) setImmediate(turn);
  };
  setImmediate(turn);
  const { finding } = await executeCheck(
    check,
    { query: async () => ({ rows, fields, ms: 1 }) },
    {
      scope: scope as Scope,
      declared: nothingDeclared,
      baseline: undefined,
      boundary: undefined,
      earlier: undefined,
      limits: limits as never,
      capturing: false,
      now: () => instant(0),
    },
  );
  on = false;
  return { finding, turns };
}

test('20,000 rows are all judged, in slices between which other tasks get a turn', async () => {
  const { finding, turns } = await lookAtMany(20_000);
  expect(finding.faults).toHaveLength(20_000);
  expect(finding.faults?.at(-1)).toMatchObject({ object: 'function public.f_19999() for anon', by: ['hostile'] });
  expect(turns).toBeGreaterThan(10);
});

test('more rows than the check judges make the result unknown and say what to do', async () => {
  const { finding } = await lookAtMany(200_001);
  expect(finding).toMatchObject({ status: 'unknown', took: millis(0) });
  expect(finding.summary).toBe(
    'could not look: the answer has 200,001 rows, and the check judges at most 200,000: drop objects that nobody needs, or switch the check off',
  );
});
