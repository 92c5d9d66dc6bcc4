import { expect, test } from 'vitest';

import type { Finding } from '../../src/core/evidence/finding.ts';
import { checkId } from '../../src/core/kernel/ids.ts';
import { seconds } from '../../src/core/kernel/units.ts';
import { catalogueIds } from '../../src/core/plan/catalogue.ts';
import { hidesNothing } from '../../src/core/plan/hide-secrets.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { prepareChecks } from '../../src/monitoring/planned-checks.ts';
import { connectionsTo } from '../../src/target/target-connections.ts';
import { changed, goodPlan, planOf } from '../core/plan/a-plan.ts';
import { aBaseline } from '../support/builders.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { targetAt } from '../support/target.ts';

const scans = 'sequential-scans';
const only = catalogueIds.filter((id) => id !== scans && id !== 'orphans').map((id) => `  ${id}: off\n`);
const { plan } = planOf(changed(goodPlan, 'probes:', `catalogue:\n${only.join('')}probes:`));

async function counted(db: TestDatabase, times: number): Promise<void> {
  const scansOf = "select seq_scan::int from pg_stat_user_tables where relname = 'big'";
  await expect.poll(async () => (await db.query(scansOf)).rows).toEqual([{ seq_scan: times }]);
}

/** A run whose baseline holds these findings; no run at all without findings. */
const runAfter = (findings: readonly Partial<Finding>[] | undefined) =>
  findings === undefined
    ? undefined
    : ({ phases: [], baseline: { baseline: aBaseline({ findings: findings as Finding[] }) } } as unknown as RunState);

test.each([
  { when: 'there is no earlier baseline', findings: undefined, live: 'unknown' },
  { when: 'the earlier baseline has no scans', findings: [{ check: checkId(scans), seen: {} }], live: 'breach' },
])(
  'a baseline takes counts from before the class C checks as usual, and not as a breach, when $when',
  async ({ findings, live }) => {
    await using db = await database();
    await db.query('create table big as select i from generate_series(1, 110000) i');
    const target = targetAt(db.url);
    await using undo = new AsyncDisposableStack();
    const clock = fakeClock();
    const state = runAfter(findings);
    const { checks: prepared } = await prepareChecks({
      plan,
      connections: connectionsTo({ target, plan, cost: () => undefined }, undo),
      target,
      clock,
      cost: () => undefined,
      state: () => state,
      hide: hidesNothing,
    });
    const run = async (id: string, capturing: boolean) => await prepared.find((one) => one.id === id)?.run(capturing);
    const scan = async () => {
      const client = await db.client();
      await client.query('select count(*) from big');
      await client.end(); // a session reports its counters when it ends, at the latest
    };

    await scan();
    await counted(db, 1);
    await run(scans, false);
    await scan();
    await counted(db, 2);
    await clock.advance(seconds(60));
    expect(await run(scans, false)).toMatchObject({ status: live });

    await run('orphans', true);
    const frozen = await run(scans, true);
    expect(frozen).toMatchObject({ status: 'ok', summary: 'counted before', seen: { 'table public.big': '110000' } });
    expect(frozen?.faults ?? []).toEqual([]);
  },
);
