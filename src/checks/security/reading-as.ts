import { RipcordError } from '../../core/kernel/errors.ts';
import { clause } from '../../core/kernel/sentence.ts';
import { type Millis, seconds } from '../../core/kernel/units.ts';
import { holdOn, letGo, type NamedRelation, sayRenamed } from '../../target/reading.ts';
import type { Asks } from '../asks.ts';
import type { Identity } from '../check.ts';
import { type Refusal, refusalOf } from '../refusal.ts';

/** The most rows that are counted. A reader who sees them all counts as seeing everything. */
export const bound = 1_001;
/**
 * Fixed for every statement of a transaction: a session that sets a timeout cannot set it again after a statement has
 * failed.
 */
const timeout: Millis = seconds(2);

/** What a reader sees of a table. `empty`: there are no rows, which proves nothing. */
export type Sees = 'denied' | 'none' | 'some' | 'all' | 'empty';
/**
 * `fails`: a policy or a view raised an error while the rows were counted. One row can cause it, and hides what the reader
 * sees of all others, so it is no denial.
 */
interface Fails {
  readonly sees: 'fails';
  readonly rows: number;
  readonly error: string;
}
interface Denied {
  readonly sees: 'denied';
  readonly rows: number;
}
const denied: Denied = { sees: 'denied', rows: 0 };
export type Sight =
  | { readonly sees: Sees; readonly rows: number }
  | Fails
  | { readonly untried: string; readonly refusal: Refusal };

/** Older API versions pass each claim in a setting of its own. */
const isSettingName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

const said = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const setLocally = 'select set_config(name, value, true) from unnest($1::text[], $2::text[]) s (name, value)';

/** Makes the session act as this reader until the end of the transaction. */
export async function become(asks: Asks, { role, claims }: Identity, within = timeout): Promise<void> {
  const all = Object.entries({ role, ...claims });
  const settings = [
    ['row_security', 'on'],
    ['request.jwt.claims', JSON.stringify(Object.fromEntries(all))],
    ...all
      .filter(([name]) => isSettingName(name))
      .map(([name, value]) => [`request.jwt.claim.${name}`, said(value)] as const),
    ['role', role],
  ] as const;
  const values = [settings.map(([name]) => name), settings.map(([, value]) => value)];
  await asks.query(setLocally, values, { timeout: within });
}

const counted = async (asks: Asks, relation: string, holding: readonly NamedRelation[] = []): Promise<number> => {
  const question = `select count(*) from (select from ${relation} limit ${bound}) seen`;
  const { rows } = await asks.query(question, [], { timeout, holding });
  return Number(rows[0]?.[0]);
};

/**
 * Checks the grants first. A forbidden read is not tried, because each failure would count as a rollback of the
 * application. It asks by oid, because this login may use no name in a schema that only the watched roles may use.
 */
const isAllowed = async (asks: Asks, role: string, { oid, name }: NamedRelation): Promise<boolean> => {
  const question = `select has_schema_privilege($1, c.relnamespace, 'usage') and has_any_column_privilege($1, c.oid, 'select')
    from pg_class c where c.oid = $2::oid`;
  const { rows } = await asks.query(question, [role, oid], { timeout });
  if (rows[0] === undefined) throw new Gone(name);
  return rows[0][0] === 't';
};

class Gone extends RipcordError {
  constructor(name: string) {
    super({
      found: `${name} no longer exists`,
      wanted: 'the table that was listed',
      todo: 'Nothing: the next look lists again',
    });
  }
}

/** A function that a policy calls may change the role midway. Then nobody knows which role saw the rows. */
async function requireRole(asks: Asks, role: string): Promise<void> {
  const { rows } = await asks.query('select current_user', [], { timeout });
  if (rows[0]?.[0] !== role) throw new RoleLeft(role, rows[0]?.[0] ?? '');
}

class RoleLeft extends RipcordError {
  constructor(role: string, now: string) {
    super({
      found: `something that was read changed the role from ${role} to ${now}`,
      wanted: `rows that ${role} sees`,
      todo: 'Look for set_config or set role in the functions that the policies of the table call',
    });
  }
}

/** Makes the name mean the vetted relation until the end of the transaction. */
async function hold(asks: Asks, relation: NamedRelation): Promise<void> {
  try {
    for (const { text, values } of holdOn([relation])) await asks.query(text, values ?? [], { timeout });
  } catch (error) {
    throw sayRenamed(error, [relation]);
  }
}

/** Errors of what the statement runs. Any other stopped the statement from outside. */
const isItsOwn = (code: string | undefined): boolean => /^(0A|2[0-9A-Z]|38|39|42|P0)/.test(code ?? '');
/** A table that does not exist was not tried. */
const gone = '42P01';

/**
 * The number of rows that the reader sees. Settings and notifications made by the read do not outlive it, and a commit
 * does not count as a rollback of the application.
 */
async function visibleTo(asks: Asks, identity: Identity, relation: NamedRelation): Promise<number | Denied | Fails> {
  await asks.query('begin isolation level repeatable read read only', [], { timeout });
  try {
    await asks.query('savepoint question', [], { timeout });
    if (!(await isAllowed(asks, identity.role, relation))) return denied;
    await become(asks, identity);
    const rows = await countedAs(asks, relation);
    if (typeof rows === 'number') await requireRole(asks, identity.role);
    return rows;
  } finally {
    await asks.query('rollback to savepoint question', [], { timeout });
    await asks.query('commit', [], { timeout });
    await asks.query(letGo.text, [], { timeout }).catch(() => undefined); // it was never held
  }
}

/** The server checks permissions before it reads the first row. So a later 42501 comes from what a row made run. */
async function countedAs(asks: Asks, relation: NamedRelation): Promise<number | Denied | Fails> {
  let isPermitted = false;
  try {
    await hold(asks, relation);
    await asks.query(`select from ${relation.name} limit 0`, [], { timeout });
    isPermitted = true;
    return await counted(asks, relation.name);
  } catch (error) {
    const { code, message } = refusalOf(error);
    if (code === '42501' && !isPermitted) return denied;
    if (!isItsOwn(code) || code === gone) throw error;
    return { sees: 'fails', rows: 0, error: clause(message) };
  }
}

/** How often to count a table whose rows change during the count. */
const mostTries = 3;

/**
 * What one reader sees of one table or view. The reading login counts all rows, in snapshots of its own, before and
 * after. If both counts agree, the total held in between. If they never agree, only whether the reader sees some rows
 * or none is known. `total` is absent for a view: a view may show the reader rows that it does not show the guard, so
 * only the number of visible rows is known.
 */
export async function sightAs(
  asks: Asks,
  identity: Identity,
  relation: NamedRelation,
  total: ((relation: NamedRelation) => Promise<number>) | undefined,
): Promise<Sight> {
  try {
    return await sighted(() => visibleTo(asks, identity, relation), total && (() => total(relation)));
  } catch (error) {
    const refusal = refusalOf(error);
    return { untried: clause(refusal.message), refusal };
  }
}

async function sighted(
  read: () => Promise<number | Denied | Fails>,
  total: (() => Promise<number>) | undefined,
): Promise<Sight> {
  let [visible, before, after]: [number, number, number] = [0, 0, 0];
  for (let tries = 0; tries < mostTries; tries += 1) {
    before = tries === 0 ? ((await total?.()) ?? 0) : after;
    const seen = await read();
    if (typeof seen !== 'number') return seen;
    visible = seen;
    if (total === undefined) return { sees: visible === 0 ? 'none' : 'some', rows: visible };
    after = await total();
    if (before === after) {
      if (after === 0 && visible === 0) return { sees: 'empty', rows: 0 };
      if (visible >= after) return { sees: 'all', rows: visible };
      break;
    }
  }
  return { sees: visible === 0 ? 'none' : 'some', rows: visible };
}

/** Counts all rows with the reading login, which no policy restricts. For tables only. */
export const allRows =
  (rows: Asks) =>
  async (relation: NamedRelation): Promise<number> => {
    try {
      return await counted(rows, relation.name, [relation]);
    } catch (error) {
      const { code, message } = refusalOf(error);
      if (code !== '42501') throw error;
      throw new Unseen(message);
    }
  };

class Unseen extends RipcordError {
  constructor(found: string) {
    super({
      found,
      wanted: 'all the rows there are, to know how many of them a role sees',
      todo: 'Grant pg_read_all_data and bypassrls to the login that reads',
    });
  }
}
