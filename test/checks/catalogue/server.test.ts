import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { millis, ratio } from '../../../src/core/kernel/units.ts';
import { type PostgresServer, startPostgres } from '../../../tools/postgres/server.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database, type TestDatabase } from '../../support/database.ts';
import { type Ground, hide, lookingAs, provable, proveAll } from './harness.ts';
import { crowd, untilSo } from './sessions.ts';

/**
 * Servers with features that the shared ones lack: an archive, replicas, few connections, little memory. No other test
 * uses them.
 */
const settings = {
  archive_mode: 'on',
  wal_level: 'logical',
  max_slot_wal_keep_size: '1MB',
  max_prepared_transactions: '5',
  max_connections: '30',
  shared_buffers: '1MB',
};
const servers = new Map<15 | 18, PostgresServer>();

beforeAll(async () => {
  for (const major of [15, 18] as const) servers.set(major, await startPostgres({ settings, major, inMemory: true }));
});
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
});

const serverOf = (major: 15 | 18): string => servers.get(major)?.url() ?? '';
const withoutMonitor = ({ guard }: Ground) => [`revoke pg_monitor from ${guard}`];

async function archiveBy({ db }: Ground, command: string): Promise<void> {
  await db.query(`alter system set archive_command = '${command}'`);
  await db.query('select pg_reload_conf()');
  await untilSo(db, `select current_setting('archive_command') = '${command}'`);
}

/** Completes a WAL segment so that it is archived. */
const fill = async (db: TestDatabase): Promise<void> => {
  await db.query('create table if not exists public.filler (n int)');
  await db.query('insert into public.filler values (1)');
  await db.query('select pg_switch_wal()');
};

const archived = (db: TestDatabase, condition: string) =>
  untilSo(db, `select coalesce(${condition}, false) from pg_stat_archiver`);

/** A replica that receives WAL and never reports progress. */
async function replica(db: TestDatabase, name: string): Promise<AsyncDisposable> {
  const { rows } = await db.query('select pg_current_wal_lsn()::text as lsn');
  const settingsOfReplica = { connectionString: db.url, application_name: name, replication: 'true' };
  const client = new Client(settingsOfReplica);
  client.on('error', () => undefined);
  await client.connect();
  client.query(`START_REPLICATION PHYSICAL ${String(rows[0]?.lsn)}`).catch(() => undefined);
  const present = `select count(*) = $2 from pg_stat_replication where application_name = $1 and state = 'streaming'`;
  await untilSo(db, present, [name, 1]);
  return {
    async [Symbol.asyncDispose]() {
      const end = 'select pg_terminate_backend(pid, 5000) from pg_stat_replication where application_name = $1';
      await db.query(end, [name]);
      await client.end().catch(() => undefined);
      await untilSo(db, present, [name, 0]);
    },
  };
}

async function loseASlot({ db }: Ground): Promise<void> {
  await db.query(`select pg_create_physical_replication_slot('lost', true)`);
  for (let segment = 0; segment < 3; segment += 1) await fill(db);
  await db.query('checkpoint');
  await untilSo(db, `select wal_status = 'lost' from pg_replication_slots where slot_name = 'lost'`);
}

const rows = (count: number) =>
  `insert into public.t select n, md5(n::text) from generate_series(1, ${count}) n` as const;

proveAll(
  [
    provable({
      id: 'archiver',
      setup: (ground) => archiveBy(ground, 'true'),
      plant: async (ground) => {
        await archiveBy(ground, 'false');
        await fill(ground.db);
        await archived(ground.db, `last_failed_time > coalesce(last_archived_time, '-infinity')`);
      },
      heal: async (ground) => {
        await archiveBy(ground, 'true');
        await fill(ground.db);
        await archived(ground.db, 'last_archived_time > last_failed_time');
      },
      withhold: hide('pg_stat_archiver'),
      faults: ['the archiver'],
    }),
    provable({
      id: 'archiver',
      when: 'archiving is on without a command',
      setup: (ground) => archiveBy(ground, 'true'),
      plant: (ground) => archiveBy(ground, ''),
      heal: (ground) => archiveBy(ground, 'true'),
      withhold: hide('pg_stat_archiver'),
      faults: ['archive_command'],
    }),
    provable({
      id: 'slots',
      plant: loseASlot,
      heal: [`select pg_drop_replication_slot('lost')`],
      withhold: hide('pg_replication_slots'),
      faults: ['slot lost'],
    }),
    provable({
      id: 'slots',
      when: 'one of several replicas is gone',
      setup: [`select pg_create_logical_replication_slot('changes', 'pgoutput')`],
      plant: [`select pg_drop_replication_slot('changes')`],
      heal: [`select pg_create_logical_replication_slot('changes', 'pgoutput')`],
      withhold: ({ guard }) => [
        `select pg_drop_replication_slot('changes')`,
        'revoke select on pg_catalog.pg_replication_slots from public',
        `revoke select on pg_catalog.pg_replication_slots from ${guard}`,
      ],
      faults: ['slot changes'],
    }),
    provable({
      id: 'replica-lag',
      plant: ({ db }) => replica(db, 'standby 1'),
      withhold: withoutMonitor,
      faults: ['replica standby 1'],
      limits: { lag: millis(0) },
    }),
    provable({
      id: 'wraparound',
      when: 'a prepared transaction holds back the clean-up',
      setup: ['create table public.t (id int)'],
      plant: ['begin', 'insert into public.t values (1)', `prepare transaction 'left behind'`],
      heal: [`rollback prepared 'left behind'`],
      withhold: withoutMonitor,
      faults: ['prepared transaction left behind'],
      limits: { held: millis(0) },
    }),
    provable({
      id: 'exclusive-locks',
      when: 'a prepared transaction, which only a command with its name can end',
      setup: ['create table public.t (id int)'],
      plant: ['begin', 'alter table public.t add column n int', `prepare transaction 'left behind'`],
      heal: [`rollback prepared 'left behind'`],
      withhold: withoutMonitor,
      faults: ['table public.t'],
    }),
    provable({
      id: 'connections',
      when: 'connection slots are getting scarce',
      plant: ({ db }) => crowd(db, 12),
      withhold: withoutMonitor,
      faults: ['the room for sessions'],
      limits: { warn: ratio(0.4) },
    }),
    provable({
      id: 'connections',
      when: 'connection slots are almost used up',
      plant: ({ db }) => crowd(db, 12),
      withhold: withoutMonitor,
      faults: ['the last room for sessions'],
      limits: { warn: ratio(0.4), full: ratio(0.4) },
    }),
    provable({
      id: 'cache-hits',
      setup: ['create table public.t (id int, n text)', rows(200_000), 'select pg_stat_force_next_flush()'],
      plant: async ({ db }) => {
        await db.query('select count(*) from public.t');
        await db.query('select pg_stat_force_next_flush()');
        await untilSo(db, `select heap_blks_read > 1500 from pg_statio_user_tables where relname = 't'`);
      },
      withhold: hide('pg_stat_database'),
      faults: ['pages read from disk'],
    }),
    provable({
      id: 'wal-volume',
      setup: ['create table public.t (id int, n text)'],
      plant: [rows(200_000)],
      withhold: ({ guard }) => [
        'revoke execute on function pg_current_wal_insert_lsn() from public',
        `revoke execute on function pg_current_wal_insert_lsn() from ${guard}`,
      ],
      faults: ['write-ahead log'],
      limits: { most_per_minute: 10 },
    }),
  ],
  serverOf,
);

describe.each([15, 18] as const)('on PostgreSQL %i', (major) => {
  test('a replica from the baseline that no longer receives WAL is missed', async () => {
    await using db = await database(serverOf(major));
    await using connection = checksSession(db.url);
    const look = await lookingAs(connection, { id: 'replica-lag' });
    {
      await using _first = await replica(db, 'a');
      await using _second = await replica(db, 'b');
      expect(await look(true)).toMatchObject({ status: 'ok', seen: { 'replica a': '1', 'replica b': '1' } });
    }
    await using _left = await replica(db, 'b');
    expect((await look()).faults).toEqual([
      { object: 'replica a', what: 'no longer receives WAL', consequence: 'hold' },
    ]);
  });
});
