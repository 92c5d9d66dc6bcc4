import type { Client } from 'pg';
import { expect } from 'vitest';

import type { TestDatabase } from '../../support/database.ts';

/** Sessions of a test. Each does what it is told and ends with the test, whatever it waits for. */
export interface Crowd extends AsyncDisposable {
  readonly clients: readonly Client[];
  readonly pids: readonly number[];
  client(place: number): Client;
  pid(place: number): number;
  /** Does not wait for the answer, because the session may be ended. */
  start(place: number, statement: string): void;
}

export async function crowd(db: TestDatabase, size: number): Promise<Crowd> {
  const clients = await Promise.all(Array.from({ length: size }, () => db.client()));
  const pids = await Promise.all(
    clients.map(async (one) => {
      const { rows } = await one.query<{ pid: number }>('select pg_backend_pid() as pid');
      return rows[0]?.pid ?? 0;
    }),
  );
  const at = <Thing>(things: readonly Thing[], place: number): Thing => {
    const thing = things[place];
    if (thing === undefined) throw new Error(`there are only ${size} sessions`);
    return thing;
  };
  return {
    clients,
    pids,
    client: (place) => at(clients, place),
    pid: (place) => at(pids, place),
    start: (place, statement) =>
      void at(clients, place)
        .query(statement)
        .catch(() => undefined),
    async [Symbol.asyncDispose]() {
      await db.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid = any($1)', [pids]);
      await Promise.all(clients.map((one) => one.end().catch(() => undefined)));
    },
  };
}

/** The server collects the counters of its sessions once a second. */
const patience = { timeout: 10_000, interval: 20 };

/** Resolves once this many sessions of the test wait for a lock. */
export async function untilWaiting(db: TestDatabase, pids: readonly number[], count: number): Promise<void> {
  const waiting = async () => {
    const { rows } = await db.query('select count(*)::int as n from pg_locks where not granted and pid = any($1)', [
      pids,
    ]);
    return rows[0]?.n;
  };
  await expect.poll(waiting, patience).toBe(count);
}

/** Resolves once a yes-or-no query returns yes. */
export async function untilSo(db: TestDatabase, sql: string, values: readonly unknown[] = []): Promise<void> {
  await expect.poll(async () => Object.values((await db.query(sql, values)).rows[0] ?? {})[0], patience).toBe(true);
}
