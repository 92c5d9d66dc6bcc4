import { seconds } from '../../core/kernel/units.ts';
import type { Asks } from '../asks.ts';
import type { Identity } from '../check.ts';
import { refusalOf } from '../refusal.ts';
import { become } from './reading-as.ts';

export interface TriedWrite {
  readonly command: 'insert' | 'update' | 'delete';
  /**
   * `let through`: rows were written, or only a constraint prevented it. `no rows`: policies showed no row to write.
   */
  readonly outcome: 'let through' | 'no rows' | 'denied';
  readonly why: string;
}

export interface WriteTrial {
  /** Quoted, with its schema. */
  readonly relation: string;
  /** A quoted column that is set to its own value. */
  readonly column: string;
  /** Values for a new row by quoted column. The other columns take their defaults. */
  readonly row: Readonly<Record<string, string>>;
}

const timeout = seconds(10);

/**
 * PostgreSQL checks row-level security before any constraint, so a constraint violation shows that the policy let the
 * row through.
 */
const isConstraint = (code: string | undefined): boolean => code?.startsWith('23') ?? false;

async function tried(asks: Asks, identity: Identity, command: TriedWrite['command'], text: string, values: unknown[]) {
  const attempt = (outcome: TriedWrite['outcome'], why: string): TriedWrite => ({ command, outcome, why });
  const write = async (): Promise<TriedWrite> => {
    try {
      const question = `with written as (${text} returning 1) select count(*) from written`;
      const { rows } = await asks.query(question, values, { timeout });
      const count = Number(rows[0]?.[0]);
      return attempt(count === 0 ? 'no rows' : 'let through', `${count} rows`);
    } catch (error) {
      const { code, message } = refusalOf(error);
      if (isConstraint(code)) return attempt('let through', message);
      if (code === '42501') return attempt('denied', message);
      throw error;
    }
  };
  await asks.query('begin', [], { timeout });
  try {
    await become(asks, identity, timeout); // what fails here says nothing about the reader
    return await write();
  } finally {
    await asks.query('rollback', [], { timeout });
  }
}

/**
 * Actually writes as an identity, each command in a transaction that is rolled back. Use it for rehearsals and scratch
 * databases only: triggers fire, sequences advance and locks are taken. `asks` must be a dedicated session that may
 * write. Rejects if a write fails for any reason other than a missing permission.
 */
export async function tryWrites(asks: Asks, identity: Identity, trial: WriteTrial): Promise<readonly TriedWrite[]> {
  const { relation, column, row } = trial;
  const columns = Object.keys(row);
  const values = columns.map((_, at) => `$${at + 1}`);
  const what = columns.length === 0 ? 'default values' : `(${columns.join(', ')}) values (${values.join(', ')})`;
  return [
    await tried(asks, identity, 'insert', `insert into ${relation} ${what}`, Object.values(row)),
    await tried(asks, identity, 'update', `update ${relation} set ${column} = ${column}`, []),
    await tried(asks, identity, 'delete', `delete from ${relation}`, []),
  ];
}
