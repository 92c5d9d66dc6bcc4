import type { PhasePlan } from '../../../src/core/plan/phase.ts';
import { type Ground, hide, provable, proveAll } from './harness.ts';
import { crowd, untilSo } from './sessions.ts';

const rows = (table: string, count: number): readonly string[] => [
  `create table ${table} (id int, n text) with (autovacuum_enabled = false)`,
  `insert into ${table} select n, md5(n::text) from generate_series(1, ${count}) n`,
  'select pg_stat_force_next_flush()',
];

/** A session reports its table counters to the server when it ends, at the latest. */
async function inSession({ db }: Ground, statements: readonly string[], until: string): Promise<void> {
  {
    await using all = await crowd(db, 1);
    for (const statement of statements) await all.client(0).query(statement);
  }
  await untilSo(db, until);
}

const counted = (condition: string) => `select ${condition} from pg_stat_user_tables where relname ~* '^mol'`;
const renamed = { id: 'rename', effects: { renames: { molecule: 'molecules' } } } as unknown as PhasePlan;

proveAll([
  provable({
    id: 'dead-rows',
    setup: rows('public."Mol é"', 12_000),
    plant: (ground) =>
      inSession(
        ground,
        ['delete from public."Mol é" where id > 6000'],
        counted('n_dead_tup >= 6000 and n_live_tup >= 6000'),
      ),
    heal: ['vacuum public."Mol é"'],
    withhold: hide('pg_stat_user_tables'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'missing-statistics',
    when: 'a table that was just loaded',
    plant: (ground) =>
      inSession(
        ground,
        [...rows('public."Mol é"', 2_000), `grant select on public."Mol é" to ${ground.guard}`],
        counted('n_live_tup = 2000'),
      ),
    heal: ['analyze public."Mol é"'],
    withhold: hide('pg_class'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'missing-statistics',
    when: 'a restored table whose index build recorded the number of rows',
    plant: async ({ db, guard }) => {
      await db.query('create table public.molecules as select n as id from generate_series(1, 2000) n');
      await db.query('create index on public.molecules (id)');
      await db.query(`grant select on public.molecules to ${guard}`);
    },
    heal: ['analyze public.molecules'],
    withhold: hide('pg_class'),
    faults: ['table public.molecule'],
    declared: { underWay: [], applied: [renamed] },
  }),
  provable({
    id: 'sequential-scans',
    setup: [...rows('public."Mol é"', 20_000), 'analyze public."Mol é"'],
    plant: (ground) =>
      inSession(
        ground,
        Array.from({ length: 8 }, () => 'select count(n) from public."Mol é"'),
        counted('seq_tup_read >= 160000'),
      ),
    withhold: hide('pg_stat_user_tables'),
    faults: ['table public."Mol é"'],
  }),
  provable({
    id: 'disk',
    when: 'the plan gives the free space',
    plant: rows('public.molecule', 40_000),
    heal: ['drop table public.molecule'],
    withhold: ({ db, guard }) => [
      `revoke pg_monitor from ${guard}`,
      `revoke connect on database ${db.name} from public`,
    ],
    faults: ['database and log'],
    limits: { free: 1 },
  }),
  provable({
    id: 'disk',
    when: 'the data has doubled',
    plant: rows('public.molecule', 250_000),
    heal: ['drop table public.molecule'],
    withhold: ({ db, guard }) => [
      `revoke pg_monitor from ${guard}`,
      `revoke connect on database ${db.name} from public`,
    ],
    faults: ['database and log'],
  }),
]);
