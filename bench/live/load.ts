import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

import { Client } from 'pg';

/** pgbench writes and reads beside the probes, at a rate of transactions that leaves room on two cores. */
const transactions = 40;

/** Creates the tables of pgbench in the database, and a table whose index a phase will drop. */
export function fill(database: string): void {
  const { status, stderr, error } = spawnSync('pgbench', ['-i', '-q', '-s', '10', database], { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error('pgbench is not on the PATH; it is in "postgresql-client"', { cause: error });
  if (status !== 0) throw new Error(`pgbench -i exited with ${status}: ${stderr}`);
}

/** A load that runs until it is disposed, for `seconds` at most. */
export function startLoad(database: string, seconds: number): AsyncDisposable {
  const load = ['-n', '-c', '2', '-R', String(transactions), '-T', String(seconds), database];
  const child: ChildProcess = spawn('pgbench', load, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Background work that a server does now and then, all at once. A rule for latency must tolerate it. */
export async function disturb(database: string): Promise<void> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    await client.query('checkpoint');
    await client.query('vacuum analyze pgbench_accounts');
  } finally {
    await client.end();
  }
}
