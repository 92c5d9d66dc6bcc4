import { describe, expect, test } from 'vitest';

import { checks } from '../../../src/checks/catalogue.ts';
import type { Check } from '../../../src/checks/check.ts';
import { executeCheck } from '../../../src/checks/execute-check.ts';
import { exampleOf } from '../../../src/checks/self-test.ts';
import type { Declared } from '../../../src/core/evidence/declared.ts';
import type { Fault } from '../../../src/core/evidence/finding.ts';
import { effects } from '../../../src/core/plan/phase.ts';
import { instant } from '../../../src/core/kernel/units.ts';
import { catalogue, type CatalogueId, cataloguePlan } from '../../../src/core/plan/catalogue.ts';
import { left, lost, underWay } from '../catalogue/phases.ts';

const limits = cataloguePlan.parse({});
const everything = effects.parse({
  rls: ['t'],
  policies: ['t', 'p'],
  grants: [
    't',
    'membership of anon in service_role',
    'default privileges of postgres in schema public on tables',
    'public.f()',
  ],
  creates: ['app', 'plpython3u', 'public.f()'],
});

const secure = (Object.keys(checks) as readonly CatalogueId[]).filter((id) => catalogue[id].criterion === 'security');

/** The check's own example of a breach, under a phase that declares all of it. */
function judged(id: CatalogueId, declared: Declared) {
  const check = checks[id] as Check;
  const answer = check.judge({ ...exampleOf(check, limits[id] as never), declared });
  return 'faults' in answer ? answer.faults.map(({ consequence }) => consequence) : answer.unknown;
}

describe('what a phase declares and leaves behind when it fails', () => {
  test.each(secure)('%s: is a breach', (id) => {
    expect(judged(id, left(everything))).toContain('veto');
  });
});

describe('what a lost phase declares, and nobody saw it fail with', () => {
  const faultsOf = async (id: CatalogueId, declared: Declared) => {
    const example = exampleOf(checks[id] as Check, limits[id] as never);
    const check = { ...checks[id], ask: { steps: async () => example.rows } } as Check;
    const context = { ...example, scope: {} as never, declared, capturing: false, now: () => instant(60_000) };
    const { finding } = await executeCheck(check, { query: () => Promise.reject(new Error('asked')) }, context);
    return finding.faults ?? [];
  };
  const inDoubt = /^the guard has no report of how phase ended/;
  const isDoubted = ({ onlyRecommend }: Fault) => inDoubt.test(onlyRecommend ?? '');

  test.each(Object.keys(checks) as CatalogueId[])(
    '%s: is as much a fault as if the phase had failed, and leads to no rollback without asking',
    async (id) => {
      const [failed, gone, running] = await Promise.all(
        [left, lost, underWay].map((how) => faultsOf(id, how(everything))),
      );
      expect(gone?.map(({ object, what }) => [object, what])).toEqual(
        failed?.map(({ object, what }) => [object, what]),
      );
      expect(failed?.filter(isDoubted)).toEqual([]);
      const certain = gone?.filter((fault) => !isDoubted(fault)).map(({ object }) => object);
      expect(certain).toEqual(running?.map(({ object }) => object));
    },
  );

  test('what it does not declare is as certain as before', async () => {
    expect((await faultsOf('rls-off', lost({ rls: ['t'] }))).map(isDoubted)).toEqual([true]);
    expect((await faultsOf('rls-off', lost({ rls: ['other'] }))).map(isDoubted)).toEqual([false]);
  });
});

describe('faults left out while a phase is in progress are named beside the judged ones', () => {
  const look = async (declared: Declared) => {
    const fields = ['relation', 'on', 'forced', 'owner_logs_in'];
    const rows = [
      ['public.t', 'f', 'f', 'f'],
      ['public.u', 't', 'f', 'f'],
    ];
    const { finding } = await executeCheck(
      checks['rls-off'],
      { query: () => Promise.resolve({ rows, fields, ms: 0 }) },
      {
        ...exampleOf(checks['rls-off'], limits['rls-off'] as never),
        scope: {} as never,
        baseline: { 'table public.t': 'on', 'table public.u': 'on' },
        boundary: undefined,
        declared,
        capturing: false,
        now: () => instant(0),
      },
    );
    return finding.summary;
  };
  test.each([
    {
      when: 'the phase runs',
      declared: underWay({ rls: ['t'] }),
      said: '2 tables, none less guarded than before; not judged, since phase has not finished: table public.t',
    },
    {
      when: 'the phase runs and declares an unrelated change',
      declared: underWay({ rls: ['u'] }),
      said: 'table public.t has its row level security switched off',
    },
    {
      when: 'the phase has failed',
      declared: left({ rls: ['t'] }),
      said: 'table public.t has its row level security switched off',
    },
  ])('$when: $said', async ({ declared, said }) => {
    expect(await look(declared)).toBe(said);
  });
});
