import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import { heldConnection } from '../../src/target/connection.ts';
import { vetStatements } from '../../src/target/untrusted-code.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { type TestRole, temporaryRole } from './role.ts';
import { testedMajors } from '../support/every-case.ts';

describe.each(testedMajors)('on PostgreSQL %i, a name that a trusted function looks up', (major) => {
  let db: TestDatabase;
  let mallory: TestRole;
  beforeAll(async () => {
    db = await database(inject(major === 15 ? 'postgres' : 'postgres18'));
    mallory = await temporaryRole(db, 'login');
    await db.query(`
      create schema extensions; grant usage on schema extensions to public; create table t (id int);
      create function extensions.norm(t text) returns text immutable language plpgsql as $$ begin return lower(t); end $$;
      grant create on schema public to ${mallory.name};
      set role ${mallory.name};
      create function public.lower(varchar) returns text language sql as $$ select 'stolen' $$;
      create table places (id int);
      create statistics places_s on (extensions.norm('x')), id from places;
      reset role`);
  });
  afterAll(async () => {
    await mallory[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
  });

  const vet = async (statement: string, trusts: readonly string[] = []) => {
    await using asks = heldConnection({ url: db.url, name: 'vetting', readOnly: true, statementTimeout: seconds(5) });
    return await vetStatements(asks, { trusts, path: ['public'], reader: false })
      .vet(statement)
      .then(
        () => 'read',
        (error: unknown) => String(error),
      );
  };

  test.each(['select id from places', `select extensions.norm('x')`])(
    'counts as code of any role that may create it: %s',
    async (statement) => {
      const said = await vet(statement);
      expect(said).toMatch(/function extensions\.norm\(text\), which looks up names in schema public/);
      expect(said).toContain(mallory.name);
    },
  );

  test('does not matter for a table without such a function, or if the function has its own search_path', async () => {
    expect(await vet('select id from t')).toBe('read');
    await db.query('alter function extensions.norm(text) set search_path = pg_catalog');
    expect(await vet('select id from places')).toBe('read');
    await db.query('alter function extensions.norm(text) reset search_path');
    expect(await vet('select id from places', [mallory.name])).toBe('read');
  });
});
