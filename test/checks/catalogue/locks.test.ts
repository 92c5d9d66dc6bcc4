import { millis, minutes } from '../../../src/core/kernel/units.ts';
import type { PhasePlan } from '../../../src/core/plan/phase.ts';
import { type Ground, hide, provable, proveAll } from './harness.ts';
import { type Crowd, crowd, untilWaiting } from './sessions.ts';

const molecule = ['create table public."Mol é" (id int primary key)', 'insert into public."Mol é" values (1)'];
const lockTable = 'begin; lock table public."Mol é" in access exclusive mode';

/** The first session does something, and the others wait for its locks. */
async function waiting({ db }: Ground, first: string, then: string, size = 2): Promise<Crowd> {
  const all = await crowd(db, size);
  await all.client(0).query(first);
  for (let place = 1; place < size; place += 1) all.start(place, then);
  await untilWaiting(db, all.pids, size - 1);
  return all;
}

const withoutMonitor = ({ guard }: Ground) => [`revoke pg_monitor from ${guard}`];

proveAll([
  provable({
    id: 'blocked-sessions',
    when: 'blocked by a table lock',
    setup: molecule,
    plant: (ground) => waiting(ground, lockTable, 'select * from public."Mol é"'),
    withhold: hide('pg_locks'),
    faults: ['waiting sessions'],
    limits: { waiting: millis(0) },
  }),
  provable({
    id: 'blocked-sessions',
    when: 'blocked by a row lock, with more sessions than may wait at any time',
    setup: molecule,
    plant: (ground) => {
      const change = 'update public."Mol é" set id = 1';
      return waiting(ground, `begin; ${change}`, change, 4);
    },
    withhold: hide('pg_stat_activity'),
    faults: ['waiting sessions'],
    limits: { waiting: minutes(60), sessions: 2 },
  }),
  provable({
    id: 'exclusive-locks',
    setup: molecule,
    plant: async ({ db }) => {
      const all = await crowd(db, 1);
      await all.client(0).query(lockTable);
      return all;
    },
    withhold: withoutMonitor,
    faults: ['table public."Mol é"'],
    limits: { held: millis(0) },
  }),
  provable({
    id: 'exclusive-locks',
    when: 'on a table that a phase has renamed',
    setup: ['create table public.molecules (id int)'],
    plant: async ({ db }) => {
      const all = await crowd(db, 1);
      await all.client(0).query('begin; alter table public.molecules add column n int');
      return all;
    },
    withhold: withoutMonitor,
    faults: ['table public.molecule'],
    limits: { held: millis(0) },
    declared: {
      underWay: [],
      applied: [{ id: 'rename', effects: { renames: { molecule: 'molecules' } } } as unknown as PhasePlan],
    },
  }),
]);
