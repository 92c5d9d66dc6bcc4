import { expect, test } from 'vitest';

import { powerOf, sayTooWeak } from '../../src/core/detection/detection-power.ts';
import { hash } from '../../src/core/kernel/ids.ts';
import { ratio } from '../../src/core/kernel/units.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { limitsFor } from '../../src/core/verdicts/limits.ts';
import { detectionPower } from '../../src/monitoring/detection-power.ts';
import { aBaseline, aPlan, at } from '../support/builders.ts';

const frozen = { hash: hash('sha256:b'), baseline: aBaseline(), frozenAt: at(300) };
const withLimit = (limit: number): Plan => aPlan({ criteria: { performance: { slower_than: `${limit}%` } } });

test.each([50, 1])(
  'with a limit of %i percent, the worker thread returns the same power as a direct computation',
  async (limit) => {
    const plan = withLimit(limit);
    const { slowness } = limitsFor(plan, undefined);
    const [probe] = plan.probes;
    const { power, weaknesses } = detectionPower(plan);
    expect(await power(frozen)).toEqual([powerOf(plan, probe!, frozen.baseline, slowness(probe!))]);
    const weakness = sayTooWeak(plan, probe!, frozen.baseline, slowness(probe!));
    expect(await weaknesses(frozen)).toEqual(weakness === undefined ? [] : [weakness]);
  },
);

test('the power of a baseline is computed only once', async () => {
  const { power } = detectionPower(withLimit(50));
  expect(power(frozen)).toBe(power(frozen));
  expect((await power(frozen))[0]?.limits.limit).toBe(ratio(1.5));
});
