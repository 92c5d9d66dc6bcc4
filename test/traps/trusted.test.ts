import { describe, expect, inject, test } from 'vitest';

import { everyCase } from '../support/every-case.ts';
import { check, doctor, running } from './commands.ts';
import { ground, nothing } from './ground.ts';
import { traps } from './trap.ts';

const together = traps.filter((trap) => !trap.alone);
const alone = traps.filter((trap) => trap.alone);
const serverOf = (major: 15 | 18): string => inject(major === 15 ? 'postgres' : 'postgres18');

describe.each(everyCase ? ([15, 18] as const) : ([15] as const))('on PostgreSQL %i', (major) => {
  test('every trap runs if its owner is trusted, which proves that the suite can fail', async () => {
    await using on = await ground(serverOf(major), together, 'separated');
    await on.forget();
    const trusts = [on.mallory];
    const checks = await check(on, { traps: together, trusts });
    await doctor(on, { traps: together, trusts });
    const { ran, ...others } = await on.traces();
    expect(ran).toEqual(expect.arrayContaining(together.filter(({ runs }) => runs).map(({ name }) => name)));
    // The code can still only read, and its settings and notifications are discarded.
    expect(others).toEqual({ notified: [], written: [], granted: [] });
    expect([...checks.values()].filter(({ summary }) => summary.includes('untrusted-code'))).toEqual([]);
  }, 60_000);

  test.runIf(everyCase).each(alone)('$name, in a database of its own', async (trap) => {
    await using on = await ground(serverOf(major), [trap], 'separated');
    await on.forget();
    const checks = await check(on, { traps: [trap] });
    expect(checks.get(`check-${trap.name}`)?.summary).toContain(trap.says);
    expect(checks.get('check-plain')).toMatchObject({ status: 'ok' });
    await doctor(on, { traps: [trap] });
    await running(on, { traps: [trap], checks: false }, async ({ baseline, begin, dryRun }) => {
      await baseline();
      await begin('first');
      expect((await dryRun('first')).steps[1]?.precondition?.saw).toContain(trap.says);
    });
    expect(await on.traces()).toEqual(nothing);
  });
});
