import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** One place where an ordinary role may plant code that others run: an SQL file that describes itself. */
export interface Trap {
  readonly name: string;
  readonly sql: string;
  /** The query that a plan runs. */
  readonly ask: string | undefined;
  /** Part of the guard's refusal; undefined if the query is allowed because nothing would run. */
  readonly says: string | undefined;
  /** Why PostgreSQL lets no ordinary role set this trap. */
  readonly refused: string | undefined;
  /** Whether the query would run the code if its owner were trusted. */
  readonly runs: boolean;
  /** Only a probe may run the query: a check must begin with `select` or the like. */
  readonly onlyProbes: boolean;
  /** Set up in a database of its own, because it would disturb the other traps. */
  readonly alone: boolean;
}

const header = (sql: string, key: string): string | undefined => new RegExp(`^-- ${key}: (.*)$`, 'm').exec(sql)?.[1];

function readTrap(file: string): Trap {
  const sql = readFileSync(`${folder}${file}`, 'utf8');
  const says = header(sql, 'says');
  return {
    name: file.replace(/\.sql$/, ''),
    sql,
    ask: header(sql, 'ask'),
    says,
    refused: header(sql, 'refused'),
    runs: says !== undefined && header(sql, 'runs') !== 'never',
    onlyProbes: header(sql, 'only') === 'probes',
    alone: /^-- alone$/m.test(sql),
  };
}

export const setup = readFileSync(`${folder}setup.sql`, 'utf8');
export const traps: readonly Trap[] = readdirSync(folder)
  .filter((file) => file.endsWith('.sql') && file !== 'setup.sql')
  .map(readTrap);
