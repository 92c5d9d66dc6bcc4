import { describe, expect, test } from 'vitest';

import { othersObjects } from '../../src/checks/others-objects.ts';
import type { Scope } from '../../src/checks/check.ts';
import { nothingDeclared } from '../../src/core/evidence/declared.ts';
import { freshFaults } from '../../src/core/evidence/finding.ts';
import type { CatalogueId } from '../../src/core/plan/catalogue.ts';
import type { PhasePlan } from '../../src/core/plan/phase.ts';
import { type Case, lookingAs } from './catalogue/harness.ts';
import { ground } from './stranger-ground.ts';
import { sharedServers } from '../support/every-case.ts';

const applied = {
  id: 'p',
  effects: {
    renames: {},
    creates: [],
    drops: ['members_read'],
    writes: {},
    rls: [],
    policies: [],
    grants: [],
    indexes: [],
  },
} as unknown as PhasePlan;

/** What a stranger does in its own schema, which nobody else may use, and how the checks report it. */
const cases: readonly {
  readonly id: CatalogueId;
  readonly before?: string;
  readonly does: string;
  readonly object: string;
  readonly declared?: Case['declared'];
  readonly scope?: Partial<Scope>;
  readonly since?: 18;
}[] = [
  {
    id: 'disabled-triggers',
    before: `create table side.t (id int);
      create function side.f() returns trigger language plpgsql as 'begin return new; end';
      create trigger x after insert on side.t for each row execute function side.f()`,
    does: 'alter table side.t disable trigger x',
    object: 'trigger x on side.t',
  },
  {
    id: 'policies',
    before: 'create table side.t (id int); create policy p on side.t using (true)',
    does: 'drop policy p on side.t',
    object: 'policy p on side.t',
  },
  {
    id: 'policies',
    before: 'create table side.t (id int); create policy p on side.t using (true)',
    does: 'drop table side.t',
    object: 'policy p on side.t',
  },
  {
    id: 'unvalidated-constraints',
    before: 'create domain side.d as int',
    does: 'alter domain side.d add constraint k check (value > 0) not valid',
    object: 'constraint k on side.d',
  },
  {
    id: 'unvalidated-constraints',
    before: 'create table side.t (id int)',
    does: 'alter table side.t add constraint k check (id > 0) not enforced',
    object: 'enforcement of constraint k on side.t',
    since: 18,
  },
  {
    id: 'grants',
    does: 'select lo_create(4711); grant select on large object 4711 to public',
    object: 'grant select on large objects of STRANGER to PUBLIC',
  },
  {
    id: 'declared-effects',
    before: 'create table side.t (id int)',
    does: 'create policy members_read on side.t using (true)',
    object: 'effect members_read',
    declared: { underWay: [], applied: [applied] },
    scope: { phases: [applied] },
  },
];

describe.each(sharedServers)('on %s', (server) => {
  test.each(cases.filter(({ since }) => since === undefined || server === 'postgres18'))(
    '$id: $does is only recommended to people',
    async ({ id, before, does, object, declared, scope }) => {
      await using on = await ground(server);
      const { db, stranger, phases, asks } = on;
      const as = (sql: string) => db.query(`set role ${stranger.name}; ${sql}; reset role`);
      if (before !== undefined) await as(before);
      const one = { id, ...(declared !== undefined && { declared }), ...(scope !== undefined && { scope }) };
      const look = await lookingAs(asks, one);
      await look(true);
      await as(does);
      const { faults } = await othersObjects(asks, phases.name)(await look());
      const found = faults?.find((fault) => fault.object === object.replace('STRANGER', stranger.name));
      expect(found?.onlyRecommend).toContain(stranger.name);
      expect(found?.onlyRecommend).toContain(`the phases’ role ${phases.name} cannot act`);
    },
  );

  test('a stranger’s constraint does not hide another one of the same name', async () => {
    await using on = await ground(server);
    const { db, stranger, asks } = on;
    const unchecked = (domain: string) =>
      `create domain ${domain} as int; alter domain ${domain} add constraint k check (value > 0) not valid`;
    await db.query(`set role ${stranger.name}; ${unchecked('side.d')}; reset role`);
    const look = await lookingAs(asks, { id: 'unvalidated-constraints' });
    const before = await look(true);
    await db.query(unchecked('public.d'));
    const fresh = freshFaults(await look(), before);
    expect(fresh.map((one) => one.object)).toEqual(['constraint k on public.d']);
  });

  test('a name without its table does not count as a phase’s effect if only a stranger’s table has it', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    await db.query(`create table public.t (id int); alter table public.t owner to ${phases.name}; set role ${stranger.name};
      create table side.t (id int); create policy members_read on side.t using (true); reset role`);
    const creates = (name: string) => ({ ...applied, effects: { ...applied.effects, drops: [], creates: [name] } });
    const look = async (name: string, role: string | undefined = phases.name) => {
      const phase = creates(name);
      const scope = { phases: [phase], phase: { role, tags: [] } };
      const looking = { id: 'declared-effects', scope, declared: { underWay: [], applied: [phase] } } as const;
      const frozen = await (await lookingAs(asks, { ...looking, declared: nothingDeclared }))(true);
      return (await lookingAs(asks, { ...looking, frozen }))();
    };
    expect(await look('members_read')).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('only tables of others have members_read'),
    });
    expect(await look('members_read on side.t')).toMatchObject({ status: 'ok' });
    expect(await look('members_read', 'postgres')).toMatchObject({ status: 'ok' });
    await db.query(`set role ${phases.name}; create policy members_read on public.t using (true); reset role`);
    expect(await look('members_read')).toMatchObject({ status: 'ok' });
  });

  test('a privilege that the phases’ role grants is its doing, whoever granted another one', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    const look = await lookingAs(asks, { id: 'grants' });
    await look(true);
    await db.query(`set role ${stranger.name}; select lo_create(4711); grant select on large object 4711 to public;
      reset role; set role ${phases.name}; select lo_create(4712); grant select on large object 4712 to public; reset role`);
    const { faults } = await othersObjects(asks, phases.name)(await look());
    expect(new Map(faults?.map((one) => [one.object, one.onlyRecommend === undefined]))).toEqual(
      new Map([
        [`grant select on large objects of ${phases.name} to PUBLIC`, true],
        [`grant select on large objects of ${stranger.name} to PUBLIC`, false],
      ]),
    );
  });

  test.each([
    { from: 'its own', does: 'select lo_create(1); grant select on large object 1 to public' },
    { from: 'one that it may pass on', does: 'grant select on large object 5000 to public' },
  ])('a stranger that has granted a large object, $from, hides no grant of another owner', async ({ does }) => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    await db.query(`set role ${phases.name}; select lo_create(5000), lo_create(5001);
      grant select on large object 5000 to ${stranger.name} with grant option; set role ${stranger.name}; ${does}; reset role`);
    const look = await lookingAs(asks, { id: 'grants' });
    await look(true);
    await db.query(`set role ${phases.name}; grant select on large object 5001 to public; reset role`);
    expect(await look()).toMatchObject({
      status: 'breach',
      faults: [{ object: `grant select on large objects of ${phases.name} to PUBLIC`, by: [phases.name] }],
    });
  });

  test('a long setting that a stranger makes for itself is kept and reported in few words', async () => {
    await using on = await ground(server);
    const { db, stranger, phases, asks } = on;
    const look = await lookingAs(asks, { id: 'enforcement-settings', only: stranger.name });
    const set = (letter: string) =>
      db.query(`set role ${stranger.name}; do $$ begin execute format(
        'alter role ${stranger.name} set search_path = %L', repeat('${letter}', 1000000)); end $$; reset role`);
    await set('a');
    const { seen } = await look(true);
    expect(JSON.stringify(seen).length).toBeLessThan(10_000);
    expect((await look()).status).toBe('ok');
    await set('b');
    const found = await othersObjects(asks, phases.name)(await look());
    expect(found.faults).toMatchObject([{ what: 'is different from before', role: stranger.name }]);
    expect(JSON.stringify(found.faults).length).toBeLessThan(1_000);
  });
});
