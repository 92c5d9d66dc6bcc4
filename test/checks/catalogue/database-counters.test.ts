import type { Client } from 'pg';

import type { TestDatabase } from '../../support/database.ts';
import { type Ground, hide, provable, proveAll } from './harness.ts';
import { crowd, untilSo } from './sessions.ts';

/** Sessions that do something and end. A session reports its counters to the server when it ends, at the latest. */
async function done(db: TestDatabase, size: number, deed: (clients: readonly Client[]) => Promise<void>) {
  await using all = await crowd(db, size);
  await deed(all.clients);
}

const counted = (db: TestDatabase, condition: string) =>
  untilSo(db, `select ${condition} from pg_stat_database where datname = current_database()`);

const ignored = (work: Promise<unknown>) => work.catch(() => undefined);

/** Each session holds the lock that the other needs next, so the server makes one of them fail. */
async function deadlock({ db }: Ground): Promise<void> {
  await done(db, 2, async ([one, other]) => {
    await one?.query(`set deadlock_timeout = '10ms'; begin; update public.t set n = 1 where id = 1`);
    await other?.query(`set deadlock_timeout = '10ms'; begin; update public.t set n = 1 where id = 2`);
    await Promise.all(
      [
        one?.query('update public.t set n = 1 where id = 2'),
        other?.query('update public.t set n = 1 where id = 1'),
      ].map((work) => ignored(Promise.resolve(work))),
    );
  });
  await counted(db, 'deadlocks > 0');
}

async function rollBack({ db }: Ground): Promise<void> {
  await done(db, 1, async ([one]) => {
    for (let count = 0; count < 60; count += 1) await one?.query('begin; rollback');
  });
  await counted(db, 'xact_rollback >= 60');
}

/** As an administrator does, or the kernel when the machine runs out of memory. */
async function kill({ db }: Ground): Promise<void> {
  await done(db, 4, async () => undefined);
  await counted(db, 'sessions_killed >= 4');
}

/** As a crashing client does. */
async function abandon({ db }: Ground): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => db.client()));
  for (const client of clients) {
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
  await counted(db, 'sessions_abandoned >= 4');
}

async function spill({ db }: Ground): Promise<void> {
  await done(db, 1, async ([one]) => {
    await one?.query(`set work_mem = '64kB'`);
    await one?.query(
      `select count(*) from (select repeat(md5(n::text), 3) from generate_series(1, 250000) n order by 1) s`,
    );
  });
  await counted(db, 'temp_bytes > 16777216');
}

const withhold = hide('pg_stat_database');

proveAll([
  provable({
    id: 'deadlocks',
    setup: ['create table public.t (id int primary key, n int)', 'insert into public.t values (1), (2)'],
    plant: deadlock,
    withhold,
    faults: ['deadlocks'],
  }),
  provable({ id: 'rollbacks', plant: rollBack, withhold, faults: ['rollbacks'] }),
  provable({ id: 'session-ends', plant: kill, withhold, faults: ['sessions killed'] }),
  provable({
    id: 'session-ends',
    when: 'a client abandons its session',
    plant: abandon,
    withhold,
    faults: ['sessions abandoned by their clients'],
  }),
  provable({ id: 'temp-files', plant: spill, withhold, faults: ['temporary files'] }),
]);
