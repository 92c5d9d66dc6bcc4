import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';

import { everyCase } from '../support/every-case.ts';
import { until } from '../target/until.ts';
import { check, doctor, init, running } from './commands.ts';
import { type Ground, ground, nothing, type Separation } from './ground.ts';
import { type Trap, traps } from './trap.ts';

const together = traps.filter(({ alone }) => !alone);
const serverOf = (major: 15 | 18): string => inject(major === 15 ? 'postgres' : 'postgres18');

/** The guard's answers to the queries of a trap: it refuses those that would run code, and answers the others. */
const answersOf = (some: readonly Trap[], isAsked: (trap: Trap) => boolean) =>
  some
    .filter((trap) => trap.ask !== undefined && isAsked(trap))
    .map(({ name, says }) => ({
      name,
      answer: says === undefined ? 'answered' : (expect.stringContaining(says) as string),
    }));
const inChecks = ({ onlyProbes }: Trap): boolean => !onlyProbes;

test('there are traps of every kind, and each has its own signature', () => {
  expect(traps.length).toBeGreaterThanOrEqual(22);
  expect(traps.filter(({ runs }) => runs).length).toBeGreaterThanOrEqual(15);
});

interface Place {
  readonly major: 15 | 18;
  readonly separation: Separation;
}
const otherPlaces: readonly Place[] = [
  { major: 15, separation: 'separated' },
  { major: 15, separation: 'one' },
  { major: 18, separation: 'one' },
];
const places: readonly Place[] = [{ major: 18, separation: 'separated' }, ...(everyCase ? otherPlaces : [])];

describe.each(places)('on PostgreSQL $major (logins: $separation), no trap runs, writes or leaks anything', (place) => {
  let on: Ground;
  beforeAll(async () => {
    on = await ground(serverOf(place.major), together, place.separation);
  }, 60_000);
  beforeEach(() => on.forget());
  afterAll(() => on?.[Symbol.asyncDispose]());

  test('by init', async () => {
    expect(await init(on)).toContain('probes:');
    expect(await on.traces()).toEqual(nothing);
  });

  test('by check, which names the code, its owner and the object that holds it', async () => {
    const checks = await check(on, { traps: together });
    expect(await on.traces()).toEqual(nothing);
    const answers = together.flatMap(({ name }) => {
      const one = checks.get(`check-${name}`);
      return one === undefined ? [] : [{ name, answer: one.status === 'ok' ? 'answered' : one.summary }];
    });
    expect(answers).toEqual(answersOf(together, inChecks));
    const found = [...checks.values()].filter(({ status }) => status === 'unknown');
    expect(found.find(({ id }) => id === 'check-index-expression')?.summary).toBe(
      `could not look: reading public.index_expression may run function public.index_expression_f() of ${on.mallory} ` +
        `(index public.index_expression_expr_idx); if its code may see what the guard sees, add ${on.mallory} to ` +
        'target.trusts (untrusted-code)',
    );
    for (const id of ['sequences', 'amcheck']) expect(checks.get(id)?.summary).toContain(`of ${on.mallory}`);
    expect(checks.get('orphans')?.summary).toContain('1 foreign key, every referenced row exists');
    expect(checks.get('check-plain')).toMatchObject({ status: 'ok' });
  });

  test('by doctor, which names the code for each probe', async () => {
    const said = await doctor(on, { traps: together });
    expect(await on.traces()).toEqual(nothing);
    const answers = together.flatMap(({ name, ask }) => {
      const about = said.find((one) => one.startsWith(`probe-${name}: `));
      return ask === undefined ? [] : [{ name, answer: about ?? 'answered' }];
    });
    expect(answers).toEqual(answersOf(together, () => true));
    expect(said.some((one) => one.startsWith('alive: '))).toBe(false);
  });

  test('by the probes of a run, even if the trap is set between two readings', async () => {
    await running(on, { traps: together, probes: true }, async ({ view, readings }) => {
      const obstacleOf = async (probe: string) =>
        (await view()).probeIssues?.find((one) => one.startsWith(`${probe}: `));
      const blocked = together.filter(({ says }) => says !== undefined);
      for (const { name, says } of blocked)
        await expect.poll(() => obstacleOf(`probe-${name}`), { timeout: 20_000 }).toContain(says);
      await expect.poll(() => obstacleOf('alive'), { timeout: 20_000 }).toBeUndefined(); // a busy machine makes it late

      const answered = async () => (await readings('late')).filter(({ state }) => state === 'answered').length;
      const before = await answered();
      await until(async () => (await answered()) > before); // the next reading follows a second later
      await on.asMallory.query('create index late_idx on public.late ((id + public.late_f()))');
      await expect.poll(() => obstacleOf('late'), { timeout: 20_000 }).toContain('index public.late_idx');
      expect(await on.locks()).toBe(0);
    });
    await on.asMallory.query('drop index public.late_idx');
    expect(await on.traces()).toEqual(nothing);
  });

  test('by the checks of a run, its baseline, its boundary, and the dry run of a rollback', async () => {
    await running(on, { traps: together, checks: false }, async ({ baseline, begin, dryRun }) => {
      await baseline();
      await begin('first');
      const { steps } = await dryRun('first');
      const answers = steps.slice(1, -1).map(({ step, precondition }) => ({
        name: step.replace('first/undo-', ''),
        answer: precondition?.holds === 'unknown' ? precondition.saw : 'answered',
      }));
      expect(answers).toEqual(answersOf(together, inChecks));
      expect(await on.locks()).toBe(0);
    });
    expect(await on.traces()).toEqual(nothing);
  });

  test.runIf(everyCase)('by counting the rows that a rollback would lose', async () => {
    const creates = ['public.index_expression', 'public.view_function'];
    await running(on, { traps: [], checks: false, creates }, async ({ baseline, begin, dryRun }) => {
      await baseline();
      await begin('first');
      await dryRun('first');
    });
    expect(await on.traces()).toEqual(nothing);
  });

  test('by trying what a watched role can read', async () => {
    const { watched, asMallory } = on;
    const [own, read] = ['policy_function, view_function', 'policy_reads_view, policy_reads_table'];
    const below = 'policy_reads_view_other, policy_reads_table_other';
    await asMallory.query(`grant select on ${[own, read, below].join(', ')} to ${watched}`);
    await on.forget(); // ignore the test's own grant
    await check(on, { traps: [], checks: false });
    expect(await on.traces()).toEqual(nothing);
  });
});
