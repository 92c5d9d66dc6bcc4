import { setTimeout } from 'node:timers/promises';
import { type ParseArgsConfig, parseArgs } from 'node:util';

import { Client, DatabaseError, type QueryResult, type QueryResultRow } from 'pg';

/** The part of a `pg` connection that a phase uses. */
export interface Database {
  query<Row extends QueryResultRow>(sql: string, parameters?: unknown[]): Promise<QueryResult<Row>>;
}

/** What a phase works with: one connection, and two ways to report progress. */
export interface Job {
  readonly db: Database;
  readonly say: (line: string) => void;
  /** `done` of `total` pieces; printed as `ripcord-progress 0.42`, which Ripcord reads. */
  readonly progress: (done: number, total: number) => void;
}

/** The phase stopped because of what it found. The message says what to do. */
export class PhaseStopped extends Error {
  override readonly name = 'PhaseStopped';
}

export interface Patience {
  readonly lockTimeout: string;
  readonly tries: number;
  /** Milliseconds before the second try; doubled each time, up to two seconds. */
  readonly pause: number;
}

/** All other statements queue behind one that waits for an exclusive lock, so give up soon and retry often. */
export const forTables: Patience = { lockTimeout: '500ms', tries: 10, pause: 100 };
/** A concurrent index build blocks nobody, but must itself wait for older transactions. */
export const forIndexes: Patience = { lockTimeout: '60s', tries: 3, pause: 500 };

const busy = new Set(['55P03', '40P01']); // lock not available, deadlock
const isBusy = (error: unknown) => error instanceof DatabaseError && busy.has(error.code ?? '');

/** Repeats `work` while it cannot get its locks; any other error is final. */
export async function patiently(job: Job, what: string, patience: Patience, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await job.db.query(`set lock_timeout = '${patience.lockTimeout}'`);
      return await work();
    } catch (cause) {
      if (!isBusy(cause)) throw cause;
      job.say(`${what}: others hold the locks (try ${attempt} of ${patience.tries})`);
      if (attempt === patience.tries) {
        throw new PhaseStopped(
          `${what}: gave up after ${attempt} tries; end the sessions that hold the locks, then run this again`,
          {
            cause,
          },
        );
      }
      await setTimeout(Math.min(2_000, patience.pause * 2 ** (attempt - 1)));
    }
  }
}

/** Like `patiently`, but in one transaction: all of `work` or none of it. */
export const inTransaction = (job: Job, what: string, work: () => Promise<void>): Promise<void> =>
  patiently(job, what, forTables, async () => {
    await job.db.query('begin');
    try {
      await work();
      await job.db.query('commit');
    } catch (error) {
      await job.db.query('rollback').catch(() => undefined); // a lost connection has rolled back already
      throw error;
    }
  });

/** The switches of a script: flags, and switches with a value. */
export type Known = Readonly<Record<string, 'flag' | 'value'>>;
type Given = Readonly<Record<string, unknown>>;

function readSwitches(known: Known): Given {
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(known).map(([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' }]),
  );
  return parseArgs({ options }).values;
}

function stopUsage(known: Known, found: string): never {
  const switches = Object.entries(known).map(([name, kind]) => ` [--${name}${kind === 'flag' ? '' : ' N'}]`);
  const script = process.argv[1]?.split('/').at(-1);
  console.error(`${found}; usage: DATABASE_URL=postgres://... node ${script}${switches.join('')}`);
  process.exit(2);
}

/**
 * Runs a phase as a program, with the address in DATABASE_URL and its options as switches. Exits with 0 when done, 1 on
 * failure, 2 on wrong usage. The session's name comes from PGAPPNAME, which `pg` reads itself.
 */
export async function runPhase(known: Known, phase: (job: Job, given: Given) => Promise<void>): Promise<void> {
  let given: Given;
  try {
    given = readSwitches(known);
  } catch (error) {
    return stopUsage(known, error instanceof Error ? error.message : String(error));
  }
  const url = process.env.DATABASE_URL;
  if (url === undefined || url === '') return stopUsage(known, 'DATABASE_URL is not set');
  // The reader of our output may go away; stopping halfway would be worse.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const db = new Client({ connectionString: url });
  db.on('error', () => undefined); // the current statement reports it
  try {
    await db.connect();
    await phase({ db, say, progress }, given);
  } catch (error) {
    console.error(`failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await db.end().catch(() => undefined);
  }
}

const say = (line: string) => console.log(line);
const progress = (done: number, total: number) =>
  console.log(`ripcord-progress ${(total === 0 ? 1 : Math.floor((done / total) * 100) / 100).toFixed(2)}`);
