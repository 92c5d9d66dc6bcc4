import { describe, expect, test } from 'vitest';

import { type CatalogueId, catalogueIds } from '../../src/core/plan/catalogue.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import { everyCase } from '../support/every-case.ts';
import { armedGround } from './armed-ground.ts';
import { untilSo } from './catalogue/sessions.ts';

interface Attack {
  readonly what: string;
  /** The check's settings in the plan; all other checks are switched off. */
  readonly check: Partial<Record<CatalogueId, string>>;
  /** Runs as the superuser, with role names in place of `PHASES`, `STRANGER` and `WATCHED`. */
  readonly before: string;
  /** What the healthy phase does, in a session that stays open. */
  readonly phase: string;
  readonly does: string;
}

/** The next session queues behind it. */
const phaseWaits = `select exists (select from pg_locks where relation = 'app.orders'::regclass and not granted)`;
const soon = 'every: 500ms, lasting: 1s';
const own = 'set role STRANGER; create table side.t (id int); reset role';
const granted = 'set role PHASES; grant select on app.orders to STRANGER with grant option; reset role';
const passesOn = { before: granted, phase: 'select 1', does: 'grant select on app.orders to WATCHED' };
const attacks: readonly Attack[] = [
  {
    what: 'waits for the advisory lock of a migration',
    check: { 'blocked-sessions': `{ ${soon}, waiting: 200ms }` },
    before: '',
    phase: 'select pg_advisory_lock(4711)',
    does: 'select pg_advisory_lock(4711)',
  },
  {
    what: 'builds an index beside the open transaction of a phase',
    check: { 'blocked-sessions': `{ ${soon}, waiting: 200ms }` },
    before: own,
    phase: 'begin isolation level repeatable read; select 1 from app.orders',
    does: 'create index concurrently on side.t (id)',
  },
  {
    what: 'waits for the idle transaction of a phase to end',
    check: { 'idle-in-transaction': `{ ${soon} }` },
    before: own,
    phase: 'begin isolation level repeatable read; select 1 from app.orders',
    does: 'create index concurrently on side.t (id)',
  },
  { what: 'lets someone read with a right that it may pass on', check: { reach: '{ every: 500ms }' }, ...passesOn },
  {
    what: 'opens a table with a right that it may pass on',
    check: { 'unprotected-tables': '{ every: 500ms }' },
    ...passesOn,
  },
  {
    what: 'asks for the size of a table that an idle phase has locked',
    check: { 'idle-in-transaction': `{ ${soon} }` },
    before: '',
    phase: 'begin; lock app.orders',
    does: `select pg_relation_size('app.orders')`,
  },
  {
    what: 'asks for the size of an index that a phase rebuilds',
    check: { 'blocked-sessions': `{ ${soon}, waiting: 200ms }` },
    before: '',
    phase: 'begin; reindex table app.orders',
    does: `select pg_relation_size('app.orders_pkey')`,
  },
  {
    what: 'creates a table of the name that a phase is creating',
    check: { 'blocked-sessions': `{ ${soon}, waiting: 200ms }` },
    before: 'grant create on schema app to STRANGER',
    phase: 'begin; create table app.made (id int)',
    does: 'create table app.made (id int)',
  },
  {
    what: 'drops a type of its own with a column of a phase’s table',
    check: { 'primary-keys': '{ every: 500ms }' },
    before: `set role STRANGER; create type side.mood as enum ('well'); set role PHASES;
      create table app.keyed (mood side.mood primary key); reset role`,
    phase: 'select 1',
    does: 'drop type side.mood cascade',
  },
  {
    what: 'renames a type of its own that is an argument of a function of the phases’ role',
    check: { 'definer-functions': '{ every: 500ms }' },
    before: `set role STRANGER; create type side.mood as enum ('well'); grant usage on type side.mood to public; set role PHASES;
      create function app.f(m side.mood) returns int language sql security definer set search_path = '' as 'select 1'; reset role`,
    phase: 'select 1',
    does: 'alter type side.mood rename to mood2',
  },
  {
    what: 'lets the watched role read everything, with a right that it may pass on',
    check: { reach: '{ every: 500ms }' },
    before: 'grant pg_read_all_data to STRANGER with admin option',
    phase: 'alter table app.orders add column more int',
    does: 'grant pg_read_all_data to WATCHED',
  },
];
/** `npm test` runs one of each sort, on one server. */
const sampled = new Set([attacks[0], attacks[3]]);
const attacksOn = (server: string) =>
  everyCase ? attacks : attacks.filter((one) => server === 'postgres18' && sampled.has(one));

describe.each(['postgres', 'postgres18'] as const)('on %s', (server) => {
  test.each(attacksOn(server))(
    'a stranger who $what does not get a healthy phase of an armed run rolled back, and the guard asks people',
    async ({ check, before, phase, does }) => {
      const catalogue = catalogueIds.map((id) => `${id}: ${check[id] ?? 'off'}`).join(', ');
      await using on = await armedGround({ server, catalogue, before });
      await on.begin('work');
      const working = await on.phase();
      await working.query(on.named(phase));
      const attacking = await on.stranger();
      const done = attacking.query(on.named(does)).catch(() => undefined); // it may wait until its session is ended
      const recommended = async () => (await on.view()).recommendations;
      await expect.poll(recommended, { timeout: 40_000 }).not.toEqual([]);
      await on.looksOnFor(millis(500));
      const { rollback, recommendations } = await on.view();
      expect(rollback?.trigger).toBeUndefined();
      expect(recommendations).toMatchObject([{ state: 'open', notAutomaticBecause: [expect.any(String)] }]);
      await working.end();
      await done;
    },
    120_000,
  );

  test.runIf(everyCase)(
    'strangers without rights on a table cannot get a healthy phase rolled back by blocking it or by waiting behind it',
    async () => {
      const often = '{ every: 500ms, waiting: 200ms, lasting: 1s }';
      const check: Attack['check'] = { 'lock-queue': often, 'blocked-sessions': often };
      const catalogue = catalogueIds.map((id) => `${id}: ${check[id] ?? 'off'}`).join(', ');
      await using on = await armedGround({ server, catalogue, before: '' });
      await on.begin('work');
      const holds = await on.stranger();
      await holds.query('begin; prepare p as select from app.orders');
      const working = await on.phase();
      const altered = working.query('alter table app.orders add column more int');
      await untilSo(on.db, phaseWaits);
      const waits = await on.stranger();
      const waited = waits.query(`select pg_relation_size('app.orders')`);
      await expect.poll(async () => (await on.view()).recommendations, { timeout: 40_000 }).not.toEqual([]);
      await on.looksOnFor(seconds(3));
      expect((await on.view()).rollback?.trigger).toBeUndefined();
      await holds.query('rollback');
      await Promise.all([altered, waited]);
    },
    120_000,
  );

  test.runIf(everyCase)(
    'a phase that waited for a stranger’s lock is not rolled back for the time that the stranger held it',
    async () => {
      const check: Attack['check'] = { 'exclusive-locks': '{ every: 500ms, held: 1s, lasting: 4s }' };
      const catalogue = catalogueIds.map((id) => `${id}: ${check[id] ?? 'off'}`).join(', ');
      const before = 'set role PHASES; grant all on app.orders to STRANGER; reset role';
      await using on = await armedGround({ server, catalogue, before });
      await on.begin('work');
      const stranger = await on.stranger();
      await stranger.query('begin; lock app.orders');
      const working = await on.phase();
      const locked = working.query('begin; lock app.orders');
      await expect.poll(async () => (await on.view()).recommendations, { timeout: 40_000 }).not.toEqual([]);
      await stranger.query('commit');
      await locked;
      await on.looksOnFor(seconds(2));
      await working.query('commit');
      await on.looksOnFor(millis(500));
      expect((await on.view()).rollback?.trigger).toBeUndefined();
    },
    120_000,
  );

  test.runIf(everyCase || server === 'postgres18')(
    'a phase that has an application queuing behind it is rolled back',
    async () => {
      const check: Attack['check'] = { 'lock-queue': '{ every: 500ms, waiting: 200ms, lasting: 1s }' };
      const catalogue = catalogueIds.map((id) => `${id}: ${check[id] ?? 'off'}`).join(', ');
      await using on = await armedGround({ server, catalogue, before: granted });
      await on.begin('work');
      const reads = await on.stranger();
      await reads.query('begin; select from app.orders');
      const working = await on.phase();
      const altered = working.query('alter table app.orders add column more int').catch(() => undefined);
      await untilSo(on.db, phaseWaits);
      const waits = await on.stranger();
      const waited = waits.query('select from app.orders');
      await expect.poll(async () => (await on.view()).rollback?.trigger, { timeout: 40_000 }).toBe('automatic');
      await Promise.all([altered, waited]);
    },
    120_000,
  );

  const rolledBack: readonly (Pick<Attack, 'what' | 'check' | 'phase'> & { readonly stranger: string })[] = [
    {
      what: 'keeps others from a table for a long time',
      check: { 'blocked-sessions': `{ ${soon}, waiting: 200ms }` },
      phase: 'begin; lock app.orders',
      stranger: 'table app.orders',
    },
    {
      what: 'lets someone read who could not before',
      check: { grants: '{ every: 500ms }' },
      phase: 'grant select on app.orders to WATCHED',
      stranger: 'grant select on app.orders to WATCHED',
    },
  ];
  /** On 15, each role of the shared server that may create roles could have granted it. */
  const isCertain = ({ check }: Pick<Attack, 'check'>) => check.grants === undefined || server === 'postgres18';
  test.runIf(everyCase).each(rolledBack.filter(isCertain))(
    'a phase that $what is rolled back, even if strangers do the same',
    async ({ check, phase, stranger }) => {
      const catalogue = catalogueIds.map((id) => `${id}: ${check[id] ?? 'off'}`).join(', ');
      await using on = await armedGround({ server, catalogue, before: granted });
      await on.begin('work');
      const working = await on.phase();
      await working.query(on.named(phase));
      const other = await on.stranger();
      const done = other.query(on.named(stranger)).catch(() => undefined);
      const trigger = async () => (await on.view()).rollback?.trigger;
      await expect.poll(trigger, { timeout: 40_000 }).toBe('automatic');
      await working.end();
      await done;
    },
    120_000,
  );
});
