import { clause } from '../../core/kernel/sentence.ts';
import { type Millis, seconds } from '../../core/kernel/units.ts';
import type { Asks } from '../asks.ts';
import type { Identity } from '../check.ts';
import { refusalOf } from '../refusal.ts';

/** So many rows at most are counted: who sees them all sees as much as anybody. */
export const bound = 1_001;
/** The same for every statement of a transaction: a session that changes it cannot do so once a statement has failed. */
const timeout: Millis = seconds(2);

/** What a reader sees of a table; `empty`: there is nothing to see, which tells nothing. */
export type Sees = 'denied' | 'none' | 'some' | 'all' | 'empty';
export type Sight = { readonly sees: Sees; readonly rows: number } | { readonly untried: string };

/** A setting of its own for each claim is how older versions of the API tell them. */
const isSettingName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

const said = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const setLocally = 'select set_config(name, value, true) from unnest($1::text[], $2::text[]) s (name, value)';

/** Until the end of the transaction, the session is this reader's. */
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

const counted = async (asks: Asks, relation: string): Promise<number> => {
  const question = `select count(*) from (select from ${relation} limit ${bound}) seen`;
  const { rows } = await asks.query(question, [], { timeout });
  return Number(rows[0]?.[0]);
};

/** A statement that fails shows no rows: a policy that cannot be computed for this reader, a view that may not read. */
const showsNothing = (code: string | undefined): boolean => /^(0A|2[0-9A-Z]|38|39|42|P0)/.test(code ?? '');
/** A table that is gone was not tried. */
const gone = '42P01';

/** By its grants: what is refused anyway is not tried, since each refusal would count as a rollback of the application's. */
const isAllowed = async (asks: Asks, role: string, relation: string): Promise<boolean> => {
  const question = `select has_schema_privilege($1, c.relnamespace, 'usage') and has_any_column_privilege($1, c.oid, 'select')
    from pg_class c where c.oid = $2::regclass`;
  const { rows } = await asks.query(question, [role, relation], { timeout });
  return rows[0]?.[0] === 't';
};

async function visibleTo(asks: Asks, identity: Identity, relation: string): Promise<number | 'denied'> {
  if (!(await isAllowed(asks, identity.role, relation))) return 'denied';
  await become(asks, identity);
  try {
    return await counted(asks, relation);
  } catch (error) {
    const { code } = refusalOf(error);
    if (!showsNothing(code) || code === gone) throw error;
    return 'denied';
  }
}

/** All there are, in the same snapshot: as the guard, whom no policy stops. */
async function allOf(asks: Asks, relation: string): Promise<number> {
  await asks.query(
    setLocally,
    [
      ['role', 'row_security'],
      ['none', 'off'],
    ],
    { timeout },
  );
  return await counted(asks, relation);
}

function sightOf(visible: number, total: number): Sight {
  // A view may show the reader what it does not show the guard.
  if (visible === 0 && total === 0) return { sees: 'empty', rows: 0 };
  if (visible === 0) return { sees: 'none', rows: 0 };
  return { sees: visible >= total ? 'all' : 'some', rows: visible };
}

/** What one reader sees of one table or view, in a transaction that only reads. */
export async function sightAs(asks: Asks, identity: Identity, relation: string): Promise<Sight> {
  await asks.query('begin isolation level repeatable read read only', [], { timeout });
  try {
    const visible = await visibleTo(asks, identity, relation);
    return visible === 'denied' ? { sees: 'denied', rows: 0 } : sightOf(visible, await allOf(asks, relation));
  } catch (error) {
    const { code, message } = refusalOf(error);
    const grant = code === '42501' ? '; grant pg_read_all_data to the guard’s role, which also needs bypassrls' : '';
    return { untried: clause(message) + grant };
  } finally {
    await asks.query('commit', [], { timeout }); // nothing was written; a rollback would count as one of the application’s
  }
}
