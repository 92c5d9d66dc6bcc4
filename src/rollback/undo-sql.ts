import pRetry from 'p-retry';
import { Client } from 'pg';

import type { Millis } from '../core/kernel/units.ts';
import { explainPgError } from '../target/explain.ts';
import type { Outcome } from './executor.ts';

export interface UndoSql {
  /** The login that may undo. */
  readonly url: string;
}

/** Errors after which the same statement may succeed: nothing of it has been done. Any other is final. */
const patience: Readonly<Record<string, { readonly tries: number; readonly first: number }>> = {
  '55P03': { tries: 8, first: 250 }, // the lock was not free within lock_timeout: let the queue behind us go first
  '40P01': { tries: 4, first: 100 }, // chosen as the victim of a deadlock
  '40001': { tries: 4, first: 80 }, // lost a serialisation race
};
const lockTimeout = '2s';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

async function once(sql: string, tag: string, timeout: Millis, url: string): Promise<number> {
  const client = new Client({ connectionString: url, application_name: tag, statement_timeout: timeout });
  client.on('error', () => undefined); // a lost session rejects the query; there is nobody else to tell
  await client.connect();
  try {
    await client.query(`set lock_timeout = '${lockTimeout}'`);
    const { rowCount } = await client.query(sql);
    return rowCount ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs an undo statement in its own session and transaction, with a lock timeout and bounded retries. */
export async function runUndoSql(sql: string, tag: string, timeout: Millis, { url }: UndoSql): Promise<Outcome> {
  const tried = new Map<string, number>();
  try {
    const rows = await pRetry(() => once(sql, tag, timeout, url), {
      retries: 10,
      minTimeout: 100,
      maxTimeout: 5_000,
      shouldRetry: ({ error }) => {
        const code = codeOf(error);
        const tries = (tried.get(code) ?? 0) + 1;
        tried.set(code, tries);
        return tries < (patience[code]?.tries ?? 0);
      },
    });
    return { ended: 'well', output: `${rows} rows` };
  } catch (error) {
    const { message } = explainPgError(error, url);
    return {
      ended: 'badly',
      question: `The statement failed: ${message} Look at the database, then say whether the step is done or shall run again.`,
      output: '',
    };
  }
}
