import { expect, inject, test } from 'vitest';

import { millis } from '../../../src/core/kernel/units.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { type Ground, lookingAs, provable, proveAll } from './harness.ts';
import { type Crowd, crowd, untilSo, untilWaiting } from './sessions.ts';

const withoutMonitor = ({ guard }: Ground) => [`revoke pg_monitor from ${guard}`];
const molecule = ['create table public.molecule (id int)'];

async function idle({ db }: Ground): Promise<Crowd> {
  const all = await crowd(db, 1);
  await all.client(0).query('begin; select * from public.molecule');
  return all;
}

async function sleeping({ db }: Ground): Promise<Crowd> {
  const all = await crowd(db, 1);
  all.start(0, 'select pg_sleep(60)');
  await untilSo(db, `select state = 'active' from pg_stat_activity where pid = $1`, [all.pid(0)]);
  return all;
}

/** The pid of a session, and so the object's name, is known only after planting. */
const named = (objects: readonly string[]) => objects.map((object) => object.replace(/session \d+/, 'session PID'));

proveAll([
  provable({
    id: 'idle-in-transaction',
    setup: molecule,
    plant: idle,
    withhold: withoutMonitor,
    faults: ['open transaction of session PID (postgres)'],
    named,
    limits: { idle: millis(0) },
  }),
  provable({
    id: 'idle-in-transaction',
    when: 'a failed transaction',
    plant: async ({ db }) => {
      const all = await crowd(db, 1);
      await all.client(0).query('begin');
      await all
        .client(0)
        .query('select 1 / 0')
        .catch(() => undefined);
      const isFailed = `select state = 'idle in transaction (aborted)' from pg_stat_activity where pid = $1`;
      await untilSo(db, isFailed, [all.pid(0)]);
      return all;
    },
    withhold: withoutMonitor,
    faults: ['open transaction of session PID (postgres)'],
    named,
    limits: { idle: millis(0) },
  }),
  provable({
    id: 'idle-in-transaction',
    when: 'a short transaction that blocks others',
    setup: molecule,
    plant: async ({ db }) => {
      const all = await crowd(db, 2);
      await all.client(0).query('begin; select * from public.molecule');
      all.start(1, 'truncate public.molecule');
      await untilWaiting(db, all.pids, 1);
      return all;
    },
    withhold: withoutMonitor,
    faults: ['blocking transaction of session PID (postgres)'],
    named,
  }),
  provable({
    id: 'long-statements',
    plant: sleeping,
    withhold: withoutMonitor,
    faults: ['statement of session PID (postgres)'],
    named,
    limits: { longer_than: millis(0) },
  }),
  provable({
    id: 'wraparound',
    when: 'a transaction that holds back the clean-up',
    setup: molecule,
    plant: async ({ db }) => {
      const all = await crowd(db, 1);
      await all.client(0).query('begin isolation level repeatable read; select * from public.molecule');
      return all;
    },
    withhold: withoutMonitor,
    faults: ['transaction of session PID (postgres)'],
    named,
    limits: { held: millis(0) },
  }),
]);

test.each([
  { id: 'idle-in-transaction', limits: { idle: millis(0) } },
  { id: 'wraparound', limits: { held: millis(0) } },
] as const)('$id names the phase’s own session as such and ignores the guard’s', async (one) => {
  await using db = await database(inject('postgres'));
  await using connection = checksSession(db.url);
  const look = await lookingAs(connection, {
    ...one,
    scope: { phase: { role: undefined, tags: ['ripcord-phase-lockdown'] } },
  });
  await using all = await crowd(db, 2);
  await all.client(0).query(`set application_name = 'ripcord checks'`);
  await all.client(1).query(`set application_name = 'ripcord-phase-lockdown'`);
  for (const client of all.clients) {
    await client.query('begin isolation level repeatable read; select count(*) from pg_class');
  }
  const { faults } = await look();
  expect(faults?.map(({ object, what }) => `${object} ${what}`)).toEqual([
    expect.stringMatching(new RegExp(`session ${all.pid(1)} .*the phase’s own`)),
  ]);
});
