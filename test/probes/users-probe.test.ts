import { expect, test } from 'vitest';

import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { usersProbe } from '../../src/probes/users-probe.ts';
import { StatementFailed, TargetRefused, TargetUnreachable, TransactionEnded } from '../../src/target/errors.ts';
import type { UsersPath, Visit } from '../../src/target/users-path.ts';

const at = instant(1_800_000_000_000);
const never = new AbortController().signal;
const complaint = { found: 'no', wanted: 'yes', todo: 'Ask' };

/** A users' path with the given outcomes, one after the other; then it answers. */
function pathTo(...visits: readonly Visit[]) {
  const asked: unknown[] = [];
  const rest = [...visits];
  const one = async (what: unknown): Promise<Visit> => {
    asked.push(what);
    return rest.shift() ?? { state: 'answered', connect: millis(7), took: millis(1) };
  };
  const users: Pick<UsersPath, 'visit' | 'write'> = { visit: one, write: one };
  return { users, asked };
}

const plan = { id: 'orders@users', every: seconds(2), timeout: seconds(1) };
const failed = (error: unknown): Visit => ({ state: 'failed', error });

test.each<{ when: string; visit: Visit; reading: object }>([
  {
    when: 'it answers',
    visit: { state: 'answered', connect: millis(7), took: millis(3) },
    reading: { state: 'answered', took: 3, parts: { connect: 7 } },
  },
  {
    when: 'it may not read the table',
    visit: failed(new TargetRefused(complaint, '42501')),
    reading: { state: 'failed', cause: { reason: 'query', code: '42501' } },
  },
  {
    when: 'it refuses the login',
    visit: { state: 'unreached', error: new TargetRefused(complaint, '28P01') },
    reading: { state: 'failed', cause: { reason: 'connect', code: '28P01' } },
  },
  {
    when: 'nobody listens',
    visit: { state: 'unreached', error: new TargetUnreachable(complaint, 'ECONNREFUSED') },
    reading: { state: 'failed', cause: { reason: 'connect', code: 'ECONNREFUSED' } },
  },
  {
    when: 'the guard has no slot',
    visit: { state: 'full' },
    reading: { state: 'missing', because: expect.any(String) },
  },
])('a reading on the users’ path, when $when', async ({ visit, reading }) => {
  const { users } = pathTo(visit);
  const { ask } = usersProbe(plan, { statements: () => ['select 1'], users });
  expect(await ask(at, never)).toMatchObject({ probe: probeId('orders@users'), at, ...reading });
});

test('every reading takes the users’ path, and tries the other variant during a rename', async () => {
  const { users, asked } = pathTo(failed(new StatementFailed(complaint, '42P01')));
  const { ask } = usersProbe(plan, { statements: () => ['select 1 from old', 'select 1 from new'], users });
  for (let count = 0; count < 3; count += 1) expect(await ask(at, never)).toMatchObject({ state: 'answered' });
  expect(asked).toEqual(['select 1 from old', 'select 1 from new', 'select 1 from new', 'select 1 from new']);
});

test('a probe that writes sends its statements one by one', async () => {
  const { users, asked } = pathTo();
  const transaction = "insert into a values (';'); update a set x = 1;";
  const { ask } = usersProbe({ ...plan, transaction }, { statements: () => [transaction], users });
  expect(await ask(at, never)).toMatchObject({ state: 'answered' });
  expect(asked).toEqual([["insert into a values (';')", 'update a set x = 1']]);
});

test('a probe that writes and ends its transaction is never asked again', async () => {
  const { users, asked } = pathTo(failed(new TransactionEnded('call ends()')));
  const { ask } = usersProbe({ ...plan, transaction: 'call ends()' }, { statements: () => ['call ends()'], users });
  expect(await ask(at, never)).toMatchObject({ state: 'failed', cause: { code: 'transaction-ended' } });
  for (let count = 0; count < 3; count += 1)
    expect(await ask(at, never)).toMatchObject({
      state: 'missing',
      because: expect.stringContaining('ended its transaction'),
    });
  expect(asked).toHaveLength(1);
});
