import { expect } from 'vitest';

import { millis } from '../../../src/core/kernel/units.ts';
import { type Ground, hide, provable, proveAll } from './harness.ts';

/** One session holds a lock, a second wants an exclusive one, a third queues behind that one though it only reads. */
async function queue({ db }: Ground): Promise<AsyncDisposable> {
  const [holder, head, reader] = await Promise.all([db.client(), db.client(), db.client()]);
  await holder.query('begin; select * from molecule');
  const refused = () => undefined; // ended while it waits
  const waiting = [head.query('alter table molecule add column n int').catch(refused)];
  const queued = async (count: number) => {
    const { rows } = await db.query(
      'select count(*)::int as n from pg_locks where not granted and relation is not null',
    );
    return rows[0]?.n === count;
  };
  await expect.poll(() => queued(1)).toBe(true);
  waiting.push(reader.query('select * from molecule').catch(refused));
  await expect.poll(() => queued(2)).toBe(true);
  return {
    async [Symbol.asyncDispose]() {
      await holder.query('rollback');
      await Promise.all(waiting);
      await Promise.all([holder, head, reader].map((client) => client.end()));
    },
  };
}

proveAll([
  provable({
    id: 'lock-queue',
    setup: ['create table molecule (id int)'],
    plant: queue,
    withhold: hide('pg_locks'),
    faults: ['lock of public.molecule'],
    limits: { waiting: millis(0) },
  }),
]);
