import type { Asks } from './asks.ts';
import type { Past } from './past.ts';
import { userSchemas } from './pieces.ts';
import { type Refusal, refusalOf } from './refusal.ts';

/**
 * A statement sees the catalogs as they were when it began, but PostgreSQL prints a definition from what is there at that
 * moment. So a statement that prints fails if an object, or a part of it, is dropped meanwhile.
 */
const vanished = /^(could not open relation with OID|cache lookup failed for|could not find tuple for)|\bOID \d+/i;
const codes = ['XX000', '42P01', '42704', '42883', '42703'];
const hasVanished = ({ code = '', message }: Refusal): boolean => codes.includes(code) && vanished.test(message);

/** For a statement that prints little: what it met is rarely met twice. */
export async function againIfVanished<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === mostTries || !hasVanished(refusalOf(error))) throw error;
    }
  }
}

/** What each role makes and drops, in the version that is there now. */
const census = `
  select concat(made.oid, ' ', made.version), made.owner::text, quote_ident(r.rolname) from (
    select oid, xmin::text as version, relowner as owner, relnamespace as place from pg_class
    union all
    select oid, xmin::text, proowner, pronamespace from pg_proc
    union all
    select oid, xmin::text, typowner, typnamespace from pg_type) made
    join pg_namespace n on n.oid = made.place join pg_roles r on r.oid = made.owner
  where ${userSchemas('n')}`;

interface Made {
  readonly owner: string;
  readonly name: string;
}

async function count(asks: Asks, options: Parameters<Asks['query']>[2]): Promise<ReadonlyMap<string, Made>> {
  const { rows } = await asks.query(census, [], options);
  return new Map(rows.map(([object, owner, name]) => [object ?? '', { owner: owner ?? '', name: name ?? '' }]));
}

const sayBusy = (name: string): string => `${name} makes and drops objects faster than they can be read`;

/** Most tries, and the tries after which what busy owners make is left out. */
const [mostTries, patience] = [12, 3];

/**
 * Tries again at once. If objects go in every try, it leaves out all that belongs to those who drop or replace something
 * between two tries, whatever it is: the next try would meet something else of theirs.
 */
export function pastChurn(): Past {
  let tries = 0;
  let before: ReadonlyMap<string, Made> = new Map();
  const busy = new Map<string, string>();
  return async (asks, refusal, { skipped }, timeout) => {
    if (!hasVanished(refusal)) return false;
    tries += 1;
    if (tries === mostTries) return false;
    const now = await count(asks, { timeout });
    for (const [object, { owner, name }] of before) if (!now.has(object)) busy.set(owner, name);
    before = now;
    if (tries < patience) return true;
    for (const [owner, name] of busy)
      skipped.set(owner, { why: sayBusy(name), todo: 'wait until that is over, or end its session' });
    return true;
  };
}
