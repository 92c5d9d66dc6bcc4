import { expect, test, vi } from 'vitest';

import { confirmed } from '../../src/checks/confirm.ts';
import { runCheck } from '../../src/checks/user-sql.ts';
import type { Finding, Status } from '../../src/core/evidence/finding.ts';
import { checkId } from '../../src/core/kernel/ids.ts';
import { instant, millis, seconds } from '../../src/core/kernel/units.ts';
import { openSession } from '../../src/target/single-session.ts';
import { database } from '../support/database.ts';

const finding = (status: Status, at: number): Finding => ({
  check: checkId('no-orphan'),
  status,
  at: instant(at),
  took: millis(1),
  summary: `look ${at} was ${status}`,
});
const hadSeen = 'the first run of this check found a breach: look 1 was breach';

test.each<{ first: Status; second: Status; status: Status; summary: string; looks: number }>([
  { first: 'ok', second: 'breach', status: 'ok', summary: 'look 1 was ok', looks: 1 },
  { first: 'unknown', second: 'ok', status: 'unknown', summary: 'look 1 was unknown', looks: 1 },
  { first: 'error', second: 'ok', status: 'error', summary: 'look 1 was error', looks: 1 },
  { first: 'breach', second: 'breach', status: 'breach', summary: 'look 2 was breach', looks: 2 },
  { first: 'breach', second: 'ok', status: 'ok', summary: `look 2 was ok; ${hadSeen}`, looks: 2 },
  { first: 'breach', second: 'unknown', status: 'unknown', summary: `look 2 was unknown; ${hadSeen}`, looks: 2 },
  { first: 'breach', second: 'error', status: 'error', summary: `look 2 was error; ${hadSeen}`, looks: 2 },
])('a $first first run and a $second second run give $status after $looks runs', async (row) => {
  const again = vi.fn<() => Promise<Finding>>(() => Promise.resolve(finding(row.second, 2)));
  const final = await confirmed(() => Promise.resolve(finding(row.first, 1)), again);
  expect(final).toMatchObject({ status: row.status, summary: row.summary, at: row.looks });
  expect(again).toHaveBeenCalledTimes(row.looks - 1);
});

test('a second run that fails makes the result unknown', async () => {
  const final = await confirmed(
    () => Promise.resolve(finding('breach', 1)),
    () => Promise.reject(new Error('no free connection slot')),
  );
  expect(final).toMatchObject({ check: 'no-orphan', status: 'unknown', at: 1 });
  expect(final.summary).toBe(`could not run the check again: no free connection slot; ${hadSeen}`);
});

test('a row that is gone in the second run is no breach', async () => {
  await using db = await database();
  await db.query('create table orphan as select 17 as id');
  const plan = { id: 'no-orphan', expect: 'no rows', timeout: seconds(5) } as const;
  const look = async () => {
    await using session = await openSession({
      url: db.url,
      name: 'second look',
      readOnly: true,
      statementTimeout: seconds(5),
    });
    return await runCheck(plan, session, {
      statements: ['table public.orphan'],
      baseline: undefined,
      now: () => instant(0),
      hide: (text) => text,
    });
  };
  expect(await confirmed(look, look)).toMatchObject({ status: 'breach', summary: '1 row, wanted none: (17)' });
  const lookLater = async () => {
    await db.query('delete from orphan');
    return look();
  };
  expect(await confirmed(look, lookLater)).toMatchObject({
    status: 'ok',
    summary: 'no rows, as wanted; the first run of this check found a breach: 1 row, wanted none: (17)',
  });
});
