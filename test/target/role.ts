import { randomBytes } from 'node:crypto';

import type { TestDatabase } from '../support/database.ts';

export interface TestRole extends AsyncDisposable {
  readonly name: string;
}

/** A role of the shared server. It is dropped with its rights in this database. Dispose it before the database. */
export async function temporaryRole(db: TestDatabase, attributes: string): Promise<TestRole> {
  const name = `role_${randomBytes(6).toString('hex')}`;
  await db.query(`create role ${name} ${attributes}`);
  return {
    name,
    async [Symbol.asyncDispose]() {
      await db.query(`drop owned by ${name}`);
      await db.query(`drop role ${name}`);
    },
  };
}
