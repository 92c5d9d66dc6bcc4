import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** One place where an ordinary role may put code that others run: a file of SQL that says so of itself. */
export interface Trap {
  readonly name: string;
  readonly sql: string;
  /** What a plan asks of it. */
  readonly ask: string | undefined;
  /** What the guard answers instead, in part; undefined where it may ask, since nothing would run. */
  readonly says: string | undefined;
  /** Why PostgreSQL lets no ordinary role set it. */
  readonly refused: string | undefined;
  /** Whether asking would run the code, were its owner trusted. */
  readonly runs: boolean;
  /** Only a probe may ask it: a check begins with `select` or the like. */
  readonly onlyProbes: boolean;
  /** In a database of its own, since it would stand in the way of what the others ask. */
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
