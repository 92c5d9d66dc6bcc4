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

/** A run with a baseline that holds what this check saw; no run at all without. */
const runAfter = (findings: readonly Partial<Finding>[] | undefined) =>
  findings === undefined
    ? undefined
    : ({ phases: [], baseline: { baseline: aBaseline({ findings: findings as Finding[] }) } } as unknown as RunState);

test.each([
  { when: 'there is none before', findings: undefined, live: 'unknown' },
  { when: 'the one before saw no such scans', findings: [{ check: checkId(scans), seen: {} }], live: 'breach' },
])(
  'what was counted until class C began to read goes into a baseline as what is usual, and not as a breach, when $when',
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
      await client.end(); // at its end, at the latest, a session hands in what it counted
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
