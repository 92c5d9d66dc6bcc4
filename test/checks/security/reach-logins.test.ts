import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

import type { Asks } from '../../../src/checks/asks.ts';
import type { Scope } from '../../../src/checks/check.ts';
import { askReach } from '../../../src/checks/security/reach-asked.ts';
import { readServer } from '../../../src/checks/server.ts';
import { allRows, sightAs } from '../../../src/checks/security/reading-as.ts';
import { StatementFailed } from '../../../src/target/errors.ts';
import { heldConnection } from '../../../src/target/connection.ts';
import { asksCatalogs, readsRows, triesRoles } from '../../../src/target/session-kinds.ts';
import type { SessionOptions } from '../../../src/target/session-settings.ts';
import { database, type TestDatabase } from '../../support/database.ts';
import { type SeparateLogins, separateLogins } from '../../support/logins.ts';
import { type TestRole, temporaryRole } from '../../target/role.ts';
import { testedMajors } from '../../support/every-case.ts';

describe.each(testedMajors)('on PostgreSQL %i', (major) => {
  let db: TestDatabase;
  let [anon, member, owner]: TestRole[] = [];
  let logins: SeparateLogins;
  beforeAll(async () => {
    db = await database(inject(major === 15 ? 'postgres' : 'postgres18'));
    [anon, member, owner] = [
      await temporaryRole(db, ''),
      await temporaryRole(db, ''),
      await temporaryRole(db, 'login'),
    ];
    logins = await separateLogins(db, [anon.name, member.name]);
    await db.query(`
      create table public.note (id int, owner text);
      insert into note values (1, 'a'), (2, 'b'), (3, 'b');
      create table closed (id int);
      insert into closed values (1);
      grant create on schema public to ${owner.name};
      alter table note owner to ${owner.name};
      alter table note enable row level security;
      grant select on note to ${anon.name}, ${member.name}`);
  });
  afterAll(async () => {
    await logins[Symbol.asyncDispose]();
    for (const role of [anon, member, owner]) await role?.[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
  });

  afterEach(async () => void (await db.query('drop policy if exists p on note; drop policy if exists trap on note')));

  const identity = () => ({ id: 'anonymous', role: anon?.name ?? '', claims: {} });
  const named = async (name: string) => ({
    oid: String((await db.query('select $1::regclass::oid as oid', [name])).rows[0]?.['oid']),
    name,
  });
  /** What the separated logins see of `relation`, and the state of the session afterwards. */
  async function tried(relation: string, isView = false, as = identity()) {
    const target = logins.target;
    await using aside = heldConnection(triesRoles(target, 'reach'));
    await using rows = heldConnection(readsRows(target, 'rows'));
    const sight = await sightAs(aside, as, await named(relation), isView ? undefined : allRows(rows));
    const { rows: after } = await aside.query("select session_user, current_user, current_setting('role')");
    return { sight, after: after[0] };
  }
  /** A policy of the table's owner that runs this before it returns false. */
  const trap = async (does: string, body = `perform ${does};`) => {
    await db.query(`
      create or replace function public.trap() returns boolean language plpgsql as $$ begin ${body} return true; end $$;
      create policy trap on note for select using (public.trap())`);
  };

  test('without a reach login, the check asks for one and not for a membership of the reading login', async () => {
    await using watching = heldConnection(asksCatalogs(logins.target, 'checks'));
    const { reach_url: _reach, ...target } = logins.target;
    const beside = async <T>(options: SessionOptions, work: (asks: Asks) => Promise<T>): Promise<T> => {
      await using session = heldConnection(options);
      return await work(session);
    };
    const asked = async (separated: boolean) => {
      const scope = {
        server: await readServer(watching),
        watchRoles: [anon?.name ?? ''],
        exposedSchemas: ['public'],
        identities: [identity()],
        phaseTables: [],
        noReachLogin: separated,
        code: () => ({ why: async () => undefined }),
        aside: (work: (asks: Asks) => Promise<unknown>) => beside(triesRoles(target, 'reach'), work),
        rows: (work: (asks: Asks) => Promise<unknown>) => beside(readsRows(target, 'rows'), work),
      };
      return askReach(watching, scope as unknown as Scope, []);
    };
    expect(await asked(true)).toEqual([
      { problem: expect.stringMatching(`^could not look as anonymous: give the target a reach_url, whose login is`) },
    ]);
    expect(await asked(false)).toEqual([
      { problem: `could not look as anonymous: grant "${anon?.name}" to ${logins.reader}` },
    ]);
  });

  test.each([
    { policy: 'using (true)', sees: 'all', rows: 3 },
    { policy: `using (owner = 'b')`, sees: 'some', rows: 2 },
    { policy: 'using (false)', sees: 'none', rows: 0 },
  ])(
    'under the policy "$policy" the reader sees $sees of the rows that the reading login counts',
    async ({ policy, sees, rows }) => {
      await db.query(`create policy p on note for select ${policy}`);
      expect((await tried('public.note')).sight).toEqual({ sees, rows });
    },
  );

  const error = (text: string) => ({ sees: 'fails', rows: 0, error: expect.stringContaining(text) });
  test.each([
    { policy: 'using (1 / (id - 1) > 0)', says: 'division by zero (22012)' },
    { policy: 'using (owner::int > 0)', says: 'invalid input syntax for type integer: "a" (22P02)' },
    { policy: `using (current_setting('request.jwt.claim.absent')::int > 0)`, says: '(42704)' },
    { policy: 'using (owner <> (select owner from note limit 1))', says: 'infinite recursion' },
    { policy: `using (lo_get(4711::oid) is null)`, says: 'large object 4711' },
  ])('a policy "$policy" that fails for a row is no denial: reading fails', async ({ policy, says }) => {
    await db.query(`create policy p on note for select ${policy}`);
    expect((await tried('public.note')).sight).toEqual(error(says));
  });

  test('for a view, the check knows the number of visible rows or a denial, but never whether these are all rows', async () => {
    await db.query(`
      create policy p on note for select using (true);
      create view shows as select * from note;
      create view hides as select * from note where current_user = 'postgres';
      create view fails as select * from note where 1 / (id - 1) > 0;
      create view closed_view as select * from note;
      grant select on shows, hides, fails to ${anon?.name}`);
    expect((await tried('public.shows', true)).sight).toEqual({ sees: 'some', rows: 3 });
    expect((await tried('public.hides', true)).sight).toEqual({ sees: 'none', rows: 0 });
    expect((await tried('public.fails', true)).sight).toEqual(error('division by zero'));
    expect((await tried('public.closed_view', true)).sight).toEqual({ sees: 'denied', rows: 0 });
    await db.query('drop view shows, hides, fails, closed_view');
  });

  test.each([
    { policy: 'using (true)', sees: 'all', rows: 3 },
    { policy: 'using (false)', sees: 'none', rows: 0 },
  ])(
    'a table with the policy "$policy" in a schema that only the watched role may use is tried: it sees $sees',
    async ({ policy, sees, rows }) => {
      await db.query(`
        create schema "Hidden é";
        create table "Hidden é".t as select * from note;
        alter table "Hidden é".t enable row level security;
        create policy p on "Hidden é".t ${policy};
        grant usage on schema "Hidden é" to ${anon?.name};
        grant select on "Hidden é".t to ${anon?.name}`);
      expect((await tried('"Hidden é".t')).sight).toEqual({ sees, rows });
      await db.query('drop schema "Hidden é" cascade');
    },
  );

  test('a role that the reach login cannot become is untried, and not denied', async () => {
    await using stranger = await temporaryRole(db, '');
    await db.query(`grant select on note to ${stranger.name}`);
    const { sight } = await tried('public.note', false, { id: 'x', role: stranger.name, claims: {} });
    expect(sight).toMatchObject({ untried: expect.stringContaining('permission denied to set role') });
  });

  test('a table that is gone is untried, and not denied', async () => {
    await using aside = heldConnection(triesRoles(logins.target, 'reach'));
    const sight = await sightAs(aside, identity(), { oid: '4', name: 'public.lost' }, undefined);
    expect(sight).toMatchObject({ untried: expect.stringContaining('public.lost no longer exists') });
  });

  test.each([
    { leaves: 'to nobody', does: "set_config('role', 'none', false)" },
    { leaves: 'to another watched role', does: `set_config('role', 'MEMBER', false)` },
  ])('the check notices a policy that leaves the role $leaves, and the policy gains nothing', async ({ does }) => {
    await trap(does.replace('MEMBER', member?.name ?? ''));
    const { sight, after } = await tried('public.note');
    expect(sight).toMatchObject({ untried: expect.stringContaining(`changed the role from ${anon?.name}`) });
    expect(after).toEqual([logins.reach, logins.reach, 'none']);
  });

  test.each([
    { reads: 'a table that only the guard’s other logins read', body: 'perform * from public.closed;' },
    {
      reads: 'the same after it left its role',
      body: "perform set_config('role', 'none', true); perform * from public.closed;",
    },
    { reads: 'the passwords', body: "perform set_config('role', 'none', true); perform * from pg_catalog.pg_authid;" },
    {
      reads: 'sessions, to end them',
      body: "perform set_config('role', 'none', true); perform pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres';",
    },
  ])('a policy that reads $reads fails', async ({ body }) => {
    await trap('', body);
    expect((await tried('public.note')).sight).toEqual(error('(42501)'));
  });

  test('settings and notifications of a policy do not outlive the read', async () => {
    const heard: string[] = [];
    const listener = await db.client();
    listener.on('notification', ({ channel }) => heard.push(channel));
    await listener.query('listen trap');
    await trap('', `perform pg_notify('trap', 'x'); perform set_config('application_name', 'stolen', false);`);
    await using aside = heldConnection(triesRoles(logins.target, 'reach'));
    await using rows = heldConnection(readsRows(logins.target, 'rows'));
    expect(await sightAs(aside, identity(), await named('public.note'), allRows(rows))).toEqual({
      sees: 'all',
      rows: 3,
    });
    const { rows: called } = await aside.query("select current_setting('application_name')");
    expect(called).toEqual([['ripcord reach']]);
    await listener.query('select 1'); // notifications come before its answer
    expect(heard).toEqual([]);
    await listener.end();
  });
});

/** Returns the given totals in turn; the reader always sees `visible`. */
function counting(visible: number, totals: readonly number[]) {
  const left = [...totals];
  const answer = (cell: string) => Promise.resolve({ rows: [[cell]], fields: [], ms: 0 });
  const aside: Asks = {
    query: (text) => {
      if (text.startsWith('select count')) return answer(String(visible));
      if (text.startsWith('select current_user')) return answer('anon');
      return answer('t');
    },
  };
  const total = async () => left.shift() ?? 0;
  return sightAs(aside, { id: 'a', role: 'anon', claims: {} }, { oid: '1', name: 't' }, total);
}

test.each([
  { when: 'nothing is written in between', visible: 3, totals: [3, 3], sees: 'all' },
  { when: 'only rows of others exist', visible: 3, totals: [5, 5], sees: 'some' },
  { when: 'the table is empty', visible: 0, totals: [0, 0], sees: 'empty' },
  { when: 'the reader may see nothing', visible: 0, totals: [2, 2], sees: 'none' },
  { when: 'one row is added once', visible: 4, totals: [3, 4, 4], sees: 'all' },
  { when: 'rows are added all the time', visible: 4, totals: [3, 4, 5, 6], sees: 'some' },
  { when: 'rows are added all the time, and none for the reader', visible: 0, totals: [0, 1, 2, 3], sees: 'none' },
])('two snapshots show $sees to the reader when $when', async ({ visible, totals, sees }) => {
  expect(await counting(visible, totals)).toEqual({ sees, rows: visible });
});

test('if the reading login may not count all rows, the table is untried, with the missing permission', async () => {
  const refusing: Asks = {
    query: () => {
      const todo = { found: 'permission denied for table t', wanted: 'rows', todo: 'Grant it' };
      return Promise.reject(new StatementFailed(todo, '42501'));
    },
  };
  await expect(allRows(refusing)({ oid: '1', name: 't' })).rejects.toThrow(
    'Grant pg_read_all_data and bypassrls to the login that reads',
  );
});
