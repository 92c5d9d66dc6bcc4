import { expect, test } from 'vitest';

import { sameTarget } from '../../src/core/evidence/target.ts';
import { millis, seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { identify } from '../../src/target/identity.ts';
import { database } from '../support/database.ts';
import { temporaryRole } from './role.ts';

const held = (url: string) => heldConnection({ url, name: '', readOnly: true, statementTimeout: seconds(5) });

test('two databases of one cluster share its identifier but are different targets', async () => {
  await using one = await database();
  await using other = await database();
  await using here = held(one.url);
  await using there = held(other.url);
  const [identity, otherIdentity] = await Promise.all([identify(here), identify(there)]);
  expect(identity).toMatchObject({ system: expect.stringMatching(/^\d{15,20}$/), database: one.name });
  expect(identity.serverVersion).toBeGreaterThanOrEqual(140_000);
  expect(otherIdentity).toEqual({ ...identity, database: other.name, oid: otherIdentity.oid });
  expect(otherIdentity.oid).not.toBe(identity.oid);
  expect(identity.timeline).toBe('00000001');
  expect(sameTarget(identity, otherIdentity)).toBe(false);
  expect(await identify(here)).toEqual(identity);
});

test('an ordinary login may read the identity', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await using connection = held(db.urlAs(role.name));
  await expect(identify(connection)).resolves.toMatchObject({ database: db.name });
});

test('a login that may not read the identifier learns the grant it needs', async () => {
  await using db = await database();
  await using role = await temporaryRole(db, 'login');
  await db.query('revoke execute on function pg_control_system() from public');
  await using connection = held(db.urlAs(role.name));
  await expect(identify(connection)).rejects.toThrow(`grant execute on function pg_control_system() to "${role.name}"`);
});

test('a server before PostgreSQL 14 is rejected', async () => {
  const said = ['7', 'app', '16385', 'primary', '00000001', '130014'];
  const old = {
    url: 'postgres://guard@old.example/app',
    query: async () => ({ rows: [said], fields: [], ms: millis(1) }),
  };
  await expect(identify(old)).rejects.toThrow('database app on PostgreSQL 13.14; wanted PostgreSQL 14 or later.');
});
