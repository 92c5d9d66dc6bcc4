import { randomBytes } from 'node:crypto';

import type { TestDatabase } from './database.ts';

export interface SeparateLogins extends AsyncDisposable {
  /** The roles' names. */
  readonly guard: string;
  readonly reader: string;
  readonly reach: string;
  /** The logins as keys of a plan's target. */
  readonly target: { readonly url: string; readonly read_url: string; readonly reach_url: string };
}

/** Creates the logins that docs/operating.md recommends in a test database. Dispose of them before the database. */
export async function separateLogins(db: TestDatabase, watched: readonly string[] = []): Promise<SeparateLogins> {
  const some = randomBytes(6).toString('hex');
  const [guard, reader, reach] = [`guard_${some}`, `reader_${some}`, `reach_${some}`];
  await db.query(`
    create role ${guard} login;
    grant pg_monitor, pg_signal_backend to ${guard};
    create role ${reader} login bypassrls;
    grant pg_read_all_data to ${reader};
    create role ${reach} login noinherit`);
  for (const role of watched) await db.query(`grant ${role} to ${reach}`);
  return {
    guard,
    reader,
    reach,
    target: { url: db.urlAs(guard), read_url: db.urlAs(reader), reach_url: db.urlAs(reach) },
    async [Symbol.asyncDispose]() {
      await db.query(`drop owned by ${guard}, ${reader}, ${reach}`);
      await db.query(`drop role ${guard}, ${reader}, ${reach}`);
    },
  };
}
