import { describe, expect, inject, test } from 'vitest';

import { tryWrites } from '../../../src/checks/security/try-writes.ts';
import { seconds } from '../../../src/core/kernel/units.ts';
import { heldConnection } from '../../../src/target/connection.ts';
import { database } from '../../support/database.ts';
import { temporaryRole } from '../../target/role.ts';
import { testedMajors } from '../../support/every-case.ts';

const setUp = (role: string): readonly string[] => [
  'create table "no te" (id int primary key, owner text not null)',
  `insert into "no te" values (1, 'ada'), (2, 'bob')`,
  'alter table "no te" enable row level security',
  `grant select, insert, update on "no te" to ${role}`,
  `create policy own on "no te" using (owner = current_setting('request.jwt.claims')::json ->> 'sub')`,
];

describe.each(testedMajors)('on PostgreSQL %i', (major) => {
  const server = inject(major === 15 ? 'postgres' : 'postgres18');

  test('tryWrites tries what an identity may write and leaves nothing behind', async () => {
    await using db = await database(server);
    await using role = await temporaryRole(db, 'nologin');
    for (const statement of setUp(role.name)) await db.query(statement);
    await using session = heldConnection({ url: db.url, name: '', readOnly: false, statementTimeout: seconds(5) });
    const trial = { relation: 'public."no te"', column: 'owner', row: { id: '1', owner: 'ada' } };
    const as = (sub: string) => tryWrites(session, { id: sub, role: role.name, claims: { sub } }, trial);
    const outcomes = async (sub: string) => (await as(sub)).map(({ command, outcome }) => `${command}: ${outcome}`);

    // The key exists already, so only a constraint prevents the write.
    expect(await outcomes('ada')).toEqual(['insert: let through', 'update: let through', 'delete: denied']);
    expect(await outcomes('eve')).toEqual(['insert: denied', 'update: no rows', 'delete: denied']);
    const { rows } = await db.query('select id, owner from "no te" order by id');
    expect(rows).toEqual([
      { id: 1, owner: 'ada' },
      { id: 2, owner: 'bob' },
    ]);
  });

  test('a role that the session cannot become is no proof that the write was denied', async () => {
    await using db = await database(server);
    await using role = await temporaryRole(db, 'nologin');
    await using login = await temporaryRole(db, 'login');
    await db.query('create table "no te" (id int)');
    const url = db.urlAs(login.name);
    await using session = heldConnection({ url, name: '', readOnly: false, statementTimeout: seconds(5) });
    const trial = { relation: 'public."no te"', column: 'id', row: {} };
    await expect(tryWrites(session, { id: 'a', role: role.name, claims: {} }, trial)).rejects.toMatchObject({
      code: '42501',
    });
  });
});
