import { expect, inject, test } from 'vitest';

import { readMoment } from '../../src/checks/moment.ts';
import { type AtStart, othersObjects } from '../../src/checks/others-objects.ts';
import type { Fault, Finding } from '../../src/core/evidence/finding.ts';
import { checkId } from '../../src/core/kernel/ids.ts';
import { instant, millis } from '../../src/core/kernel/units.ts';
import { checksSession } from '../support/checks-session.ts';
import { database } from '../support/database.ts';
import { separateLogins } from '../support/logins.ts';
import { temporaryRole } from '../target/role.ts';

const fault = (relation?: string): Fault => ({
  object: `index i on ${relation}`,
  what: 'is not valid',
  consequence: 'veto',
  ...(relation !== undefined && { relation }),
});
const breach = (...faults: readonly Fault[]): Finding => ({
  check: checkId('invalid-indexes'),
  status: 'breach',
  at: instant(0),
  took: millis(0),
  summary: '',
  faults,
});

test('a fault of a table that the phases’ role cannot change is only recommended to people', async () => {
  await using db = await database();
  await using phases = await temporaryRole(db, 'login');
  await using group = await temporaryRole(db, '');
  await using stranger = await temporaryRole(db, 'login');
  await db.query(`grant ${group.name} to ${phases.name};
    create table own (id int); alter table own owner to ${phases.name};
    create table shared (id int); alter table shared owner to ${group.name};
    create table "Odd 1" (id int); alter table "Odd 1" owner to ${stranger.name}`);
  await using asks = checksSession(db.url);
  const relations = ['public.own', 'public.shared', 'public."Odd 1"', 'public.gone', undefined];
  const gone = 'public.gone no longer existed a moment later, so its owner is unknown';
  const mark = othersObjects(asks, phases.name);
  expect((await mark(breach(fault('public.gone')))).faults?.map((one) => one.onlyRecommend)).toEqual([gone]);
  const marked = async (role: string | undefined) =>
    (await othersObjects(asks, role)(breach(...relations.map(fault)))).faults?.map((one) => one.onlyRecommend);
  expect(await marked(phases.name)).toEqual([
    undefined,
    undefined,
    `public."Odd 1" belongs to ${stranger.name}, and the phases’ role ${phases.name} cannot act as its owner`,
    gone,
    undefined,
  ]);
  await db.query(`create table gone (id int); alter table gone owner to ${phases.name}`);
  expect((await mark(breach(fault('public.gone')))).faults?.map((one) => one.onlyRecommend)).toEqual([undefined]); // looked up again
  await db.query('drop table gone');
  const setting = (name: string): Fault => ({ ...fault(), role: name });
  const settings = await othersObjects(asks, phases.name)(breach(setting(stranger.name), setting(phases.name)));
  expect(settings.faults?.map((one) => one.onlyRecommend)).toEqual([
    `the phases’ role ${phases.name} cannot alter ${stranger.name}`,
    undefined,
  ]);
  expect((await marked('postgres'))?.filter((one) => one !== gone)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]); // the role may act as everybody
  expect(await marked(undefined)).toEqual(relations.map(() => undefined));
  await db.query('drop table own, shared, "Odd 1"');
});

test.each([
  { check: 'schema-drift', consequence: 'note', what: /^is not valid \(.* cannot act as its owner\)$/ },
  { check: 'invalid-indexes', consequence: 'veto', what: /^is not valid$/ },
  { check: 'definer-views', consequence: 'veto', what: /^is not valid$/ },
])(
  'what others do with their own is only worth knowing if it concerns what works: $check',
  async ({ check, ...is }) => {
    await using db = await database();
    await using phases = await temporaryRole(db, 'login');
    await using stranger = await temporaryRole(db, 'login');
    await db.query(`create table theirs (id int); alter table theirs owner to ${stranger.name};
    create table own (id int); alter table own owner to ${phases.name}`);
    await using asks = checksSession(db.url);
    const found = {
      ...breach(fault('public.theirs'), fault('public.own'), fault('public.gone')),
      check: checkId(check),
    };
    const { faults } = await othersObjects(asks, phases.name)(found);
    expect(faults).toMatchObject([
      { consequence: is.consequence, what: expect.stringMatching(is.what), onlyRecommend: expect.any(String) },
      { consequence: 'veto', what: 'is not valid' },
      { consequence: 'veto', what: 'is not valid' },
    ]);
    await db.query('drop table theirs, own');
  },
);

test('memberships that a stranger grants do not make a fault the phases’ doing', async () => {
  await using db = await database();
  await using phases = await temporaryRole(db, 'login');
  await using stranger = await temporaryRole(db, 'login');
  await using group = await temporaryRole(db, '');
  await using lent = await temporaryRole(db, '');
  await db.query(`grant ${group.name}, ${lent.name} to ${stranger.name} with admin option;
    grant ${group.name} to ${phases.name};
    set role ${stranger.name}; grant ${lent.name} to ${phases.name}; reset role`);
  await using asks = checksSession(db.url);
  const by = (maker: string): Fault => ({ ...fault(), object: maker, by: [maker] });
  const { faults } = await othersObjects(asks, phases.name)(breach(by(group.name), by(lent.name)));
  expect(faults?.map((one) => one.onlyRecommend === undefined)).toEqual([true, false]);
  await db.query(`set role ${stranger.name}; revoke ${lent.name} from ${phases.name}; reset role`);
});

test('the owner of a table is found in a schema that the guard may not use', async () => {
  await using db = await database();
  await using logins = await separateLogins(db);
  await using phases = await temporaryRole(db, 'login');
  await using stranger = await temporaryRole(db, 'login');
  await db.query(`create schema side authorization ${stranger.name}; create table side.t (id int);
    alter table side.t owner to ${stranger.name}`);
  await using asks = checksSession(db.urlAs(logins.guard));
  const { faults } = await othersObjects(asks, phases.name)(breach(fault('side.t')));
  expect(faults?.map((one) => one.onlyRecommend)).toEqual([
    `side.t belongs to ${stranger.name}, and the phases’ role ${phases.name} cannot act as its owner`,
  ]);
  await db.query('drop schema side cascade');
});

test('a fault that only others can have made or granted is only recommended to people, and is looked up once', async () => {
  await using db = await database();
  await using phases = await temporaryRole(db, 'login');
  await using group = await temporaryRole(db, '');
  await using stranger = await temporaryRole(db, 'login');
  await db.query(`grant ${group.name} to ${phases.name}`);
  await using connection = checksSession(db.url);
  let asked = 0;
  const query: typeof connection.query = (...question) => {
    asked += 1;
    return connection.query(...question);
  };
  const made = (...by: readonly string[]): Fault => ({
    object: `function f of ${by.join()}`,
    what: '',
    consequence: 'veto',
    by,
  });
  const mark = othersObjects({ query }, phases.name);
  const makers = [[stranger.name], [group.name], [stranger.name, phases.name], ['nobody'], []];
  const reasons = async (faults: readonly Fault[], inBaseline?: Finding) =>
    (await mark(breach(...faults), inBaseline)).faults?.map((one) => one.onlyRecommend);
  const theirs = `function f of ${stranger.name} belongs to, or was granted by, ${stranger.name}, and the phases’ role ${phases.name} cannot act as its owner or grantor`;
  const all = makers.map((by) => made(...by));
  expect(await reasons(all)).toEqual([theirs, undefined, undefined, undefined, undefined]);
  expect(await reasons(all)).toEqual([theirs, undefined, undefined, undefined, undefined]);
  expect(asked).toBe(1);
  const [known] = all;
  expect(await reasons(all, breach(...(known === undefined ? [] : [known])))).toEqual(all.map(() => undefined));
  expect(asked).toBe(1);
  expect(await reasons(all)).toEqual([theirs, undefined, undefined, undefined, undefined]);
  expect(asked).toBe(2); // it was a known fault in between, and is looked up again
});

test('a phase was seen to make only what nobody else can have made, in a schema that nobody else can rename', async () => {
  await using db = await database(inject('postgres18')); // on 15, each role that may create roles could have made it
  await using phases = await temporaryRole(db, 'login');
  await using stranger = await temporaryRole(db, 'login');
  await using asks = checksSession(db.url);
  const catalogs = await readMoment(asks);
  await db.query(`create schema side authorization ${stranger.name}; create schema app authorization ${phases.name};
    create table app.own (id int); create table side.own (id int); create table public.own (id int);
    alter table app.own owner to ${phases.name}; alter table side.own owner to ${phases.name};
    alter table public.own owner to ${phases.name}`);
  const made = (
    relation: string | undefined,
    by: readonly string[],
    how: Fault['made'],
    more: Partial<Fault> = {},
  ) => ({
    ...fault(relation),
    object: JSON.stringify([relation, by, how, more]),
    by,
    ...(how !== undefined && { made: how }),
    ...more,
  });
  const [p, s] = [phases.name, stranger.name];
  const seen = [
    made('app.own', [p], 'all'),
    made('public.own', [p], 'all'),
    made('app.own', [p, s], 'any'),
    made(undefined, [p], 'any', { rests: { kind: 'schema', name: 'app' } }),
    made('app.own', [p], 'all', { openedBy: [[p], [p]] }),
  ];
  const unseen = [
    made('app.own', [p], undefined),
    made(undefined, [p], 'any'),
    made('app.own', [p], 'all', { openedBy: [] }),
    made('side.own', [p], 'all'),
    made('app.gone', [p], 'all'),
    made('app.own', [p, s], 'all'),
    made('app.own', [p], 'all', { openedBy: [[p], [p, s]] }),
    made('app.own', [p], 'all', { takers: [s] }),
    made('app.own', [p, 'a role that was renamed'], 'all'),
  ];
  const all = [...seen, ...unseen];
  const none = all.map(() => undefined);
  const well = { ...breach(), status: 'ok' } as const;
  const marked = async (role: string | undefined, atStart?: Partial<AtStart>) => {
    const start = { finding: well, catalogs, watched: [], ...atStart };
    return (await othersObjects(asks, role)(breach(...all), undefined, start)).faults?.map((one) => one.seen);
  };
  expect(await marked(p)).toEqual([...seen.map(() => 'maker'), ...unseen.map(() => undefined)]);
  expect(await marked(undefined)).toEqual(none);
  expect(await marked(p, { catalogs: undefined }), 'a journal that says nothing of that time').toEqual(none);
  expect(await marked(p, { catalogs: await readMoment(asks) }), 'made before the phase').toEqual(none);
  expect(await marked(p, { finding: breach(...all) }), 'found before the phase').toEqual(none);
  expect(await marked(p, { finding: undefined }), 'nobody looked before the phase').toEqual(none);
  expect(await marked(p, { finding: { ...well, unseen: 'a part' } }), 'not everything was looked at').toEqual(none);
  await db.query('drop table app.own, side.own, public.own; drop schema side, app');
});
