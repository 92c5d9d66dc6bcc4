import { describe, expect, inject, test } from 'vitest';

import type { CatalogueId } from '../../src/core/plan/catalogue.ts';
import { checksSession } from '../support/checks-session.ts';
import { database } from '../support/database.ts';
import { lookingAs } from './catalogue/harness.ts';
import { sharedServers } from '../support/every-case.ts';

const setup = `
  create table r (id int primary key);
  create table p (id int, a int default 1, b int, check (b > 0)) partition by range (id);
  create index p_b on p (b);
  create table p1 partition of p for values from (0) to (10);
  create table p2 partition of p for values from (10) to (20);
  alter table p1 add constraint p1_key foreign key (a) references r, add constraint p1_check check (a > 0),
    add primary key (id), alter b set not null, alter a set default 5;
  create unique index p1_own on p1 (a);
  create table q (id int primary key) partition by range (id);
  create table q1 partition of q for values from (0) to (10);
  create publication pub for table p1, q`;

describe.each(sharedServers)('on %s', (server) => {
  async function found(id: CatalogueId, does: string) {
    await using db = await database(inject(server));
    await db.query(setup);
    await using asks = checksSession(db.url, { seesAllRows: true });
    const look = await lookingAs(asks, { id });
    await look(true);
    await db.query(does);
    const { status, faults = [] } = await look();
    return [status, ...faults.map(({ object, consequence }) => `${consequence}: ${object}`).toSorted()];
  }

  test.each([
    { id: 'schema-drift', does: 'alter table p1 drop constraint p1_key', is: 'constraint p1_key on public.p1' },
    { id: 'schema-drift', does: 'alter table p1 drop constraint p1_check', is: 'constraint p1_check on public.p1' },
    { id: 'schema-drift', does: 'alter table p1 drop constraint p1_pkey', is: 'constraint p1_pkey on public.p1' },
    { id: 'schema-drift', does: 'drop index p1_own', is: 'index public.p1_own' },
    { id: 'schema-drift', does: 'alter table p1 alter b drop not null', is: 'table public.p1' },
    { id: 'schema-drift', does: 'alter table p1 alter a set default 6', is: 'table public.p1' },
    { id: 'schema-drift', does: 'alter table p1 alter a set default 1', is: 'table public.p1' },
    { id: 'schema-drift', does: 'alter table p2 alter a drop default', is: 'table public.p2' },
    { id: 'primary-keys', does: 'alter table p1 drop constraint p1_pkey', is: 'table public.p1' },
    { id: 'primary-keys', does: 'alter table q drop constraint q_pkey', is: 'table public.q' },
    { id: 'replica-identity', does: 'alter table p1 replica identity nothing', is: 'table public.p1' },
    { id: 'replica-identity', does: 'alter table q1 replica identity nothing', is: 'table public.q1' },
    { id: 'replica-identity', does: 'alter table p2 replica identity full', is: 'table public.p2' },
  ] as const)('$id sees of a partition: $does', async ({ id, does, is }) => {
    expect(await found(id, does)).toEqual(['breach', `sustained: ${is}`]);
  });

  test.each([
    {
      id: 'schema-drift',
      does: 'create table p3 partition of p for values from (20) to (30)',
      is: ['breach', 'note: table public.p3'],
    },
    { id: 'primary-keys', does: 'create table p3 partition of p for values from (20) to (30)', is: ['ok'] },
    { id: 'replica-identity', does: 'create table p3 partition of p for values from (20) to (30)', is: ['ok'] },
    { id: 'schema-drift', does: 'drop table p2', is: ['breach', 'sustained: table public.p2'] },
    { id: 'primary-keys', does: 'drop table q1', is: ['ok'] },
    { id: 'replica-identity', does: 'drop table q1', is: ['ok'] },
    { id: 'schema-drift', does: 'alter table p alter b set default 7', is: ['breach', 'sustained: column public.p.b'] },
    {
      id: 'schema-drift',
      does: 'alter table p alter a set default 7',
      is: ['breach', 'sustained: column public.p.a', 'sustained: table public.p1'],
    },
    { id: 'schema-drift', does: 'drop index p_b', is: ['breach', 'sustained: index public.p_b'] },
  ] as const)('$id says only of the parent table, or of a whole partition: $does', async ({ id, does, is }) => {
    expect(await found(id, does)).toEqual(is);
  });
});
