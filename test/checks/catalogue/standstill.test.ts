import { millis } from '../../../src/core/kernel/units.ts';
import { type Ground, provable, proveAll } from './harness.ts';
import { type Crowd, crowd, untilSo, untilWaiting } from './sessions.ts';

const withoutMonitor = ({ guard }: Ground) => [`revoke pg_monitor from ${guard}`];
const molecule = ['create table public."Mol é" (id int primary key)', 'insert into public."Mol é" values (1)'];
const named = (objects: readonly string[]) => objects.map((object) => object.replace(/session \d+/, 'session PID'));

/** A concurrent index build waits until every older transaction has ended. */
async function buildBesideAnOldTransaction({ db }: Ground): Promise<Crowd> {
  const all = await crowd(db, 2);
  await all.client(0).query('begin; update public."Mol é" set id = 2');
  all.start(1, 'create index concurrently on public."Mol é" (id)');
  await untilWaiting(db, all.pids, 1);
  await untilSo(db, 'select count(*) = 1 from pg_stat_progress_create_index where pid = $1', [all.pid(1)]);
  return all;
}

/** A query that returns no row keeps its COPY in place. */
async function copyOfSilence({ db }: Ground): Promise<Crowd> {
  const all = await crowd(db, 1);
  all.start(0, 'copy (select pg_sleep(60)) to stdout');
  await untilSo(db, 'select count(*) = 1 from pg_stat_progress_copy where pid = $1', [all.pid(0)]);
  return all;
}

async function waitForARow({ db }: Ground): Promise<Crowd> {
  const all = await crowd(db, 5);
  await all.client(0).query('begin; update public."Mol é" set id = 2');
  for (let place = 1; place < 5; place += 1) all.start(place, 'update public."Mol é" set id = 3');
  await untilWaiting(db, all.pids, 4);
  return all;
}

proveAll([
  provable({
    id: 'stuck-operations',
    setup: molecule,
    plant: buildBesideAnOldTransaction,
    heal: ['drop index if exists public."Mol é_id_idx"'],
    withhold: withoutMonitor,
    faults: ['index build of public."Mol é" by session PID (postgres)'],
    named,
    looks: 2,
  }),
  provable({
    id: 'stuck-operations',
    when: 'a COPY, with a shorter limit than usual',
    setup: molecule,
    plant: copyOfSilence,
    withhold: withoutMonitor,
    faults: ['copy of a query by session PID (postgres)'],
    named,
    looks: 2,
    limits: { still: millis(1) },
  }),
  provable({
    id: 'waits',
    setup: molecule,
    plant: waitForARow,
    withhold: withoutMonitor,
    faults: ['waits for locks'],
    looks: 2,
  }),
]);
