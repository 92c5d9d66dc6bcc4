import { Client } from 'pg';
import { describe, expect, inject, test } from 'vitest';

import { catalogueVerdict } from '../../../src/core/verdicts/catalogue.ts';
import { noteFinding } from '../../../src/core/verdicts/checks.ts';
import type { Finding } from '../../../src/core/evidence/finding.ts';
import { millis, seconds } from '../../../src/core/kernel/units.ts';
import type { CatalogueId } from '../../../src/core/plan/catalogue.ts';
import { everyCase } from '../../support/every-case.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database } from '../../support/database.ts';
import { temporaryRole } from '../../target/role.ts';
import { lookingAs } from './harness.ts';
import { untilWaiting } from './sessions.ts';

const setup = `
  create table mine (id int primary key, user_metadata text, check (id > 0));
  create table free (id int primary key, user_metadata text, mine int references mine, check (id > 0));
  create index on free ((id + 1));
  create policy mine on mine for select using (id > 0);
  create policy free on free for select using (id > 0);
  create policy across on free for update using (id in (select id from mine));
  create view of_mine as select id from mine;
  create view of_free as select id from free;
  create function in_mine() returns bigint language sql begin atomic select count(*) from mine; end;
  create function in_free() returns bigint language sql begin atomic select count(*) from free; end;`;

/** A database in which the owner of one table holds a lock on it while `check` runs. */
async function ground(
  id: CatalogueId,
  server: string,
  before: (theirs: Client) => Promise<void> = () => Promise.resolve(),
) {
  await using undo = new AsyncDisposableStack();
  const db = undo.use(await database(server));
  const mallory = undo.use(await temporaryRole(db, 'login')).name;
  undo.defer(() => db.query(`drop owned by ${mallory} cascade`).then(() => undefined));
  await db.query(setup);
  await db.query(`alter table mine owner to ${mallory}`);
  const connection = undo.use(checksSession(db.url, { seesAllRows: true, statementTimeout: millis(10_000) }));
  const theirs = new Client({ connectionString: db.urlAs(mallory) });
  const query: typeof connection.query = async (text, ...more) => {
    if (text.includes('pg_policy p')) await before(theirs);
    return connection.query(text, ...more);
  };
  const look = await lookingAs({ ...connection, query }, { id, scope: { watchRoles: [mallory] } });
  theirs.on('error', () => undefined);
  await theirs.connect();
  undo.defer(() => theirs.end());
  const { rows } = await theirs.query<{ pid: number }>('select pg_backend_pid() as pid');
  const opened = undo.move();
  return {
    db,
    mallory,
    look,
    theirs,
    pid: rows[0]?.pid ?? 0,
    lock: () => theirs.query('begin; lock table mine in access exclusive mode'),
    release: () => theirs.query('rollback'),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const objectsOf = ({ faults = [] }: Finding): readonly string[] => faults.map(({ object }) => object).toSorted();

const cases: readonly {
  readonly id: CatalogueId;
  /** What the check cannot see because of the lock. */
  readonly hidden: readonly string[];
  readonly plant: string;
  readonly faults: readonly string[];
}[] = [
  {
    id: 'policies',
    hidden: ['policy mine on public.mine', 'policy across on public.free'],
    plant: 'alter policy free on free using (true); create policy open on free using (true)',
    faults: ['policy free on public.free', 'policy open on public.free'],
  },
  {
    id: 'schema-drift',
    hidden: ['table public.mine', 'view public.of_mine', 'function public.in_mine()'],
    plant: `alter table free drop constraint free_id_check; create or replace view of_free as select id + 1 - 1 as id from free;
      create or replace function in_free() returns bigint language sql begin atomic select 1::bigint; end`,
    faults: ['constraint free_id_check on public.free', 'function public.in_free()', 'view public.of_free'],
  },
  {
    id: 'policies-on-user-metadata',
    hidden: ['policy mine on public.mine', 'policy across on public.free'],
    plant: `create policy metadata on free using (user_metadata = 'x')`,
    faults: ['policy metadata on public.free'],
  },
  {
    id: 'always-true-policies',
    hidden: ['policy across on public.free'],
    plant: 'create policy open on free for delete using (true)',
    faults: ['policy open on public.free'],
  },
];

describe.each(everyCase ? (['postgres', 'postgres18'] as const) : (['postgres18'] as const))(
  '%s: a lock held by the owner of a table',
  (server) => {
    test.each(cases)('hides from $id only what it locks', async ({ id, hidden, plant, faults }) => {
      await using on = await ground(id, inject(server));
      expect(await on.look(true)).toMatchObject({ status: 'ok' });
      await on.lock();
      const locked = await on.look();
      expect(locked.status).toBe('unknown');
      for (const object of hidden) expect(locked.summary).toContain(object);
      expect(locked.summary).toContain(`public.mine is locked by session ${on.pid} of ${on.mallory}`);
      expect(locked.summary).not.toMatch(/of_free|in_free|policy free|public.free is locked/);
      await on.db.query(plant);
      const breach = await on.look();
      expect(breach).toMatchObject({ status: 'breach', unseen: expect.stringContaining('public.mine is locked by') });
      expect(objectsOf(breach)).toEqual(faults);
      await on.release();
      const free = await on.look();
      expect(objectsOf(free)).toEqual(faults);
      expect(free.unseen).toBeUndefined();
    });

    test('hides no more if other sessions wait for it', async () => {
      await using on = await ground('policies', inject(server));
      await on.look(true);
      await on.db.query('begin; select from mine');
      const waiting = on.lock();
      await untilWaiting(on.db, [on.pid], 1);
      expect(await on.look()).toMatchObject({ status: 'unknown', summary: expect.stringContaining('public.mine') });
      await on.db.query('rollback');
      await waiting;
    });
  },
);

test('hides no more than the owner’s own tables, even if the owner locks one after the other', async () => {
  const tables = [1, 2, 3, 4, 5, 6].map((nth) => `turn_${nth}`);
  let next = 0;
  await using on = await ground('policies', inject('postgres'), async (theirs) => {
    if (next > 0) await theirs.query(`rollback; begin; lock table ${tables[next - 1]} in access exclusive mode`);
    next += next > 0 ? 1 : 0;
  });
  for (const table of tables)
    await on.db.query(`create table ${table} (id int); create policy p on ${table} using (id > 0);
      alter table ${table} owner to ${on.mallory}`);
  await on.look(true);
  await on.db.query('create policy open on free using (true)');
  next = 1;
  const looked = await on.look();
  expect(objectsOf(looked)).toEqual(['policy open on public.free']);
  expect(looked.unseen).toContain(`belongs to ${on.mallory}, who locks one table after the other`);
  expect(next).toBe(5); // four tries
});

test('does not hide a breach in a policy of the locked table that is new or has other roles', async () => {
  await using on = await ground('policies', inject('postgres'));
  await on.look(true);
  await on.db.query('create policy open on mine using (true); alter policy mine on mine to pg_monitor');
  await on.lock();
  expect(objectsOf(await on.look())).toEqual(['policy mine on public.mine', 'policy open on public.mine']);
});

test('prevents a baseline of the visible part, because the locked part would seem new later', async () => {
  await using on = await ground('policies', inject('postgres'));
  await on.lock();
  const captured = await on.look(true);
  expect(captured).toMatchObject({ status: 'unknown', summary: expect.stringContaining('locked by session') });
  expect(captured.seen).toBeUndefined();
});

test('keeps the result unknown although every visible fault is in the baseline', async () => {
  await using on = await ground('policies-on-user-metadata', inject('postgres'));
  await on.db.query(`create policy metadata on free using (user_metadata = 'x')`);
  const before = await on.look(true);
  expect(before.status).toBe('breach');
  const verdict = async () =>
    catalogueVerdict('policies-on-user-metadata', noteFinding(undefined, await on.look()), before, seconds(10));
  expect(await verdict()).toMatchObject({ status: 'ok', because: 'known' });
  await on.lock();
  expect(await verdict()).toMatchObject({ status: 'unknown', because: 'could-not-look' });
});
