import { inject } from 'vitest';

import { checksSession } from '../support/checks-session.ts';
import { database, type TestDatabase } from '../support/database.ts';
import { separateLogins } from '../support/logins.ts';
import { temporaryRole } from '../target/role.ts';

/** A database with a phases' role, a stranger and the guard's watching login. */
export async function ground(server: 'postgres' | 'postgres18', url = inject(server)) {
  const stack = new AsyncDisposableStack();
  const db: TestDatabase = stack.use(await database(url));
  const logins = stack.use(await separateLogins(db));
  const phases = stack.use(await temporaryRole(db, 'login'));
  const stranger = stack.use(await temporaryRole(db, 'login'));
  await db.query(`create schema side authorization ${stranger.name}`);
  stack.defer(async () => void (await db.query(`drop owned by ${stranger.name}, ${phases.name}`)));
  const asks = stack.use(checksSession(db.urlAs(logins.guard)));
  return { db, phases, stranger, asks, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
