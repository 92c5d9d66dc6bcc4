import { describe, expect, inject, test } from 'vitest';

import { millis } from '../../../src/core/kernel/units.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { type Ground, hide, lookingAs, provable, proveAll, testedServers } from './harness.ts';
import { type Crowd, crowd, untilWaiting } from './sessions.ts';

const table = 'public."Mol é"';
const setup = [`create table ${table} (id int primary key)`, `insert into ${table} values (1)`];

/** One session holds a lock, the next needs a lock that blocks others, and the rest queue behind it. */
async function queue(
  { db }: Pick<Ground, 'db'>,
  steps: readonly string[],
  names: readonly string[] = [],
): Promise<Crowd> {
  const all = await crowd(db, steps.length);
  for (const [place, name] of names.entries()) {
    await all.client(place).query(`set application_name = '${name}'`);
  }
  await all.client(0).query(`begin; ${steps[0]}`);
  for (let place = 1; place < steps.length; place += 1) {
    all.start(place, steps[place] ?? '');
    await untilWaiting(db, all.pids, place);
  }
  return all;
}

const read = `select * from ${table}`;
const write = `update ${table} set id = 1`;

proveAll([
  provable({
    id: 'lock-queue',
    setup,
    plant: (ground) => queue(ground, [read, `alter table ${table} add column n int`, read]),
    withhold: hide('pg_locks'),
    faults: [`lock of ${table}`],
    limits: { waiting: millis(0) },
  }),
  provable({
    id: 'lock-queue',
    when: 'writers queue behind an index build',
    setup,
    plant: (ground) => queue(ground, [write, `create index on ${table} (id)`, write, write]),
    withhold: hide('pg_stat_activity'),
    faults: [`lock of ${table}`],
    limits: { waiting: millis(0) },
  }),
  provable({
    id: 'lock-queue',
    when: 'readers that lock rows queue behind a share lock',
    setup,
    plant: (ground) => queue(ground, [write, `begin; lock table ${table} in exclusive mode`, `${read} for share`]),
    withhold: hide('pg_locks'),
    faults: [`lock of ${table}`],
    limits: { waiting: millis(0) },
  }),
]);

describe.each(testedServers)('on %s', (server) => {
  const phase = { role: undefined, tags: ['ripcord-phase-lockdown'] };
  const look = async (url: string) => {
    const connection = checksSession(url);
    const ask = await lookingAs(connection, { id: 'lock-queue', limits: { waiting: millis(0) }, scope: { phase } });
    return { ask, [Symbol.asyncDispose]: () => connection.close() };
  };

  test.each([
    { name: 'ripcord-phase-lockdown', ofPhase: true, said: 'the phase’s own session' },
    { name: 'payroll', ofPhase: false, said: 'waited for by session' },
  ])('the head of the queue is named with its pid, and whether it is the phase’s: $name', async (head) => {
    await using db = await database(inject(server));
    for (const statement of setup) await db.query(statement);
    await using all = await queue({ db }, [read, `truncate ${table}`, read, read], ['app', head.name]);
    await using guard = await look(db.url);
    const { faults } = await guard.ask();
    expect(faults).toMatchObject([{ causedBy: { pid: all.pid(1), ofPhase: head.ofPhase } }]);
    expect(faults?.[0]?.what).toContain(head.said);
    expect(faults?.[0]?.what).toContain(`with 2 behind it; session ${all.pid(0)} holds it`);
  });

  test.each([
    { when: 'nobody is behind its waiter', steps: [read, `truncate ${table}`], names: [] },
    {
      when: 'only the guard is behind its waiter',
      steps: [read, `truncate ${table}`, read],
      names: ['app', 'app', 'ripcord checks'],
    },
    {
      when: 'the session behind its waiter waits for someone else',
      steps: [write, `create index on ${table} (id)`, `begin; lock table ${table} in share mode`],
      names: [],
    },
  ])('a lock with a waiter is no queue when $when', async ({ steps, names }) => {
    await using db = await database(inject(server));
    for (const statement of setup) await db.query(statement);
    await using _all = await queue({ db }, steps, names);
    await using guard = await look(db.url);
    expect((await guard.ask()).faults).toEqual([]);
  });

  test('a queue that happened to exist during the baseline does not become a known fault', async () => {
    await using db = await database(inject(server));
    for (const statement of setup) await db.query(statement);
    await using _all = await queue({ db }, [read, `truncate ${table}`, read]);
    await using guard = await look(db.url);
    expect(await guard.ask(true)).toMatchObject({ status: 'breach', faults: [] });
    expect((await guard.ask()).faults).toHaveLength(1);
  });
});
