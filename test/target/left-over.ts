import { startPostgres } from '../../tools/postgres/server.ts';
import { sessionAs } from './session-as.ts';

/**
 * A server on which the role `phases` has left a prepared transaction, one session of its own and one of a superuser.
 */
export async function withLeftOver(major: 15 | 18 = 18) {
  await using undo = new AsyncDisposableStack();
  const server = undo.use(
    await startPostgres({ major, settings: { max_prepared_transactions: '10' }, inMemory: true }),
  );
  const admin = undo.use(await sessionAs(server.url(), 'admin'));
  await admin.query('create role phases login');
  const phase = undo.use(await sessionAs(server.url('postgres', 'phases'), 'migrate'));
  await phase.query("begin; prepare transaction 'left-over'");
  const opened = undo.move();
  return { url: server.url(), admin, phase, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
