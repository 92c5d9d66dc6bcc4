import { describe, expect, test } from 'vitest';

import { millis, ratio, seconds } from '../../src/core/kernel/units.ts';
import { catalogueVerdict } from '../../src/core/verdicts/catalogue.ts';
import { checksSession } from '../support/checks-session.ts';
import { everyCase, sharedServers } from '../support/every-case.ts';
import { sessionAs } from '../target/session-as.ts';
import { lookingAs } from './catalogue/harness.ts';
import { ground } from './stranger-ground.ts';

const readsRows = { seesAllRows: true, readsUserData: true };

describe.each(sharedServers)('on %s', (server) => {
  test('a session with a phase’s tag is the phase’s only if its login may be the phases’', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    await db.query(`create table public.t (id int); grant all on public.t to ${stranger.name}, ${phases.name}`);
    const limits = { waiting: millis(0), sessions: 0, lasting: millis(0) };
    const none = 'no session of a phase is among the blockers';
    const reasons = async (login: string, role: string | undefined) => {
      await using holder = await sessionAs(db.urlAs(login), 'the tag');
      await holder.query('begin; lock public.t');
      await using waiter = await sessionAs(db.url, 'the application');
      const waits = waiter.query('select from public.t');
      const look = await lookingAs(asks, {
        id: 'blocked-sessions',
        scope: { phase: { role, tags: ['the tag'] } },
        limits,
      });
      const seen = async () => (await look()).faults?.map((one) => one.onlyRecommend) ?? [];
      await expect.poll(seen, { timeout: 5_000 }).toHaveLength(1);
      const found = await seen();
      await holder.query('rollback');
      await waits;
      return found;
    };
    expect(await reasons(stranger.name, phases.name)).toEqual([none]);
    expect(await reasons(stranger.name, 'renamed_since')).toEqual([none]); // the phases’ role no longer exists
    expect(await reasons(stranger.name, undefined)).toEqual([undefined]); // the phases’ login is unknown
    expect(await reasons(phases.name, phases.name)).toEqual([undefined]);
    expect(await reasons('postgres', phases.name)).toEqual([undefined]); // it may act as the phases' role
    await db.query(`grant ${stranger.name} to ${phases.name}`);
    expect(await reasons(stranger.name, phases.name)).toEqual([undefined]);
  });

  test('a phase’s lock is seen beside a thousand locks of a stranger', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    await db.query(`create table public.t (id int); alter table public.t owner to ${phases.name}; set role ${stranger.name};
      do $$ begin for i in 1..1010 loop execute format('create table side.t%s (id int)', i); end loop; end $$; reset role`);
    await using many = await sessionAs(db.urlAs(stranger.name), 'the stranger');
    for (let next = 0; next < 1_010; next += 101) {
      const names = Array.from({ length: 101 }, (_, place) => `side.t${next + place + 1}`);
      await many.query(`${next === 0 ? 'begin; ' : ''}lock ${names.join(', ')}`);
    }
    await using phase = await sessionAs(db.urlAs(phases.name), 'the tag');
    await phase.query('begin; lock public.t');
    const scope = { phase: { role: phases.name, tags: ['the tag'] } };
    const look = await lookingAs(asks, { id: 'exclusive-locks', scope, limits: { held: millis(0) } });
    const { faults } = await look();
    expect(faults?.map(({ object }) => object)).toContain('table public.t');
  });

  test('a phase that blocks others is seen beside a stranger’s sessions that wait for each other', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    await db.query(`create table public.t (id int); alter table public.t owner to ${phases.name};
      set role ${stranger.name}; create table side.t (id int); reset role`);
    await using sessions = new AsyncDisposableStack();
    const open = async (role: string, name: string) => sessions.use(await sessionAs(db.urlAs(role), name));
    const own = await open(stranger.name, 'the stranger');
    await own.query('begin; lock side.t');
    const waits: Promise<unknown>[] = [];
    const wait = async (role: string, table: string) => {
      waits.push((await open(role, 'one that waits')).query(`select from ${table}`));
    };
    for (let number = 1; number <= 21; number += 1) await wait(stranger.name, 'side.t');
    const phase = await open(phases.name, 'the tag');
    await phase.query('begin; lock public.t');
    await wait('postgres', 'public.t');
    const scope = { phase: { role: phases.name, tags: ['the tag'] } };
    const limits = { waiting: millis(0), sessions: 0, lasting: millis(0) };
    const look = await lookingAs(asks, { id: 'blocked-sessions', scope, limits });
    const said = async () => (await look()).faults?.[0];
    await expect.poll(async () => (await said())?.what, { timeout: 5_000 }).toMatch(/^are 1 of the 22 that wait/);
    expect((await said())?.onlyRecommend).toBeUndefined();
    await Promise.all([own.query('rollback'), phase.query('rollback')]);
    await Promise.all(waits);
  });

  test('connection slots that strangers take are only recommended to people', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    await using _one = await sessionAs(db.urlAs(stranger.name), 'the tag');
    const scope = { phase: { role: phases.name, tags: ['the tag'] } };
    const look = await lookingAs(asks, { id: 'connections', scope, limits: { warn: ratio(0), full: ratio(0) } });
    const { faults } = await look();
    expect(faults?.map((one) => one.onlyRecommend)).toEqual([
      expect.stringMatching(/^\d+ of the sessions belong to no phase$/),
    ]);
  });

  test('a fault that is known does not make up for a table that could not be read', async () => {
    await using on = await ground(server);
    const { db } = on;
    await db.query(`create table public.a (id int primary key); create table public.b (a int); create table public.c (a int);
      insert into public.b values (7); alter table public.b add constraint k foreign key (a) references public.a not valid;
      alter table public.c add constraint k foreign key (a) references public.a`);
    await using reading = checksSession(db.url, { ...readsRows, statementTimeout: seconds(10) });
    const look = await lookingAs(reading, { id: 'orphans' });
    const known = await look(true);
    const said = async () => catalogueVerdict('orphans', { finding: await look() }, known, seconds(60));
    expect(await said()).toMatchObject({ status: 'ok', because: 'known' });
    await using owner = await sessionAs(db.url, 'the owner');
    await owner.query('begin; lock public.c');
    expect(await said()).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('could not read constraint k on public.c'),
    });
  });

  test.runIf(everyCase || server === 'postgres18')(
    'a stranger who locks all of its tables does not delay the check of the others',
    async () => {
      await using on = await ground(server);
      const { db, stranger } = on;
      await db.query(`create table public.a (id int primary key); create table public.b (id serial, a int);
      insert into public.b (a) values (7); alter table public.b add constraint k foreign key (a) references public.a not valid;
      set role ${stranger.name};
      do $$ begin for i in 1..60 loop execute format('create table side.t%s (id serial primary key, up int references side.t%s)', i, i);
      end loop; end $$; reset role`);
      await using owner = await sessionAs(db.urlAs(stranger.name), 'the stranger');
      await owner.query(`begin; lock ${Array.from({ length: 60 }, (_, place) => `side.t${place + 1}`).join(', ')}`);
      await using reading = checksSession(db.url, { ...readsRows, statementTimeout: seconds(10) });
      const keys = await (await lookingAs(reading, { id: 'orphans' }))();
      expect(keys.faults?.map(({ object }) => object)).toEqual(['constraint k on public.b']);
      expect(keys.unseen).toMatch(/^could not read constraint t\d+_up_fkey on side.t\d+: .*; and 57 more$/);
      const numbers = await (await lookingAs(reading, { id: 'sequences' }))();
      expect(numbers.summary).toMatch(/other tables of .* are locked|and \d+ more/);
    },
  );
});
