import { performance } from 'node:perf_hooks';

import { quoteIdentifier } from '../../target/identifiers.ts';
import { ChangedMeanwhile, type RelationCode } from '../../target/untrusted-code.ts';
import type { Asks } from '../asks.ts';
import type { Cells, Identity, Scope } from '../check.ts';
import { type LockPatience, lockPatience } from '../lock-patience.ts';
import { recordsOf } from '../pieces.ts';
import { named } from '../tables.ts';
import { rolesQuery, tablesQuery } from './reach-sql.ts';
import { allRows, sightAs } from './reading-as.ts';
import { exposedSchemas, watchedRoles } from './watched.ts';

/** The plan's identities; if it has none, every watched role without claims. */
const identitiesOf = (scope: Scope): readonly Identity[] =>
  scope.identities.length > 0 ? scope.identities : watchedRoles(scope).map((role) => ({ id: role, role, claims: {} }));

/** Why an identity cannot be tried; undefined if it can. */
function hindrance({ id, role }: Identity, roles: readonly Cells[], scope: Scope): string | undefined {
  const found = roles.find((one) => one.role === role);
  if (found === undefined) return `the server has no role ${role}, which criteria.security names for ${id}`;
  if (found.may === 't') return undefined;
  if (scope.noReachLogin === true)
    return `could not look as ${id}: give the target a reach_url, whose login is a member of ${quoteIdentifier(role)} and of nothing else but the roles that are watched`;
  return `could not look as ${id}: grant ${quoteIdentifier(role)} to ${found.guard}`;
}

/** The sessions to try in and to count all rows in, and the lookup for code that would run. */
interface Trying {
  readonly aside: Asks;
  readonly rows: Asks;
  readonly code: RelationCode;
  readonly patience: LockPatience;
}

const structural = { sees: 'all', rows: '0' } as const;

const mustBeTried = ({ may_read: mayRead, guarded }: Cells): boolean => mayRead === 't' && guarded === 't';

/**
 * The answer without a trial, if no policy is involved. Otherwise the trial runs, unless that would run code of a role
 * that the plan does not trust.
 */
async function seen({ aside, rows, code, patience }: Trying, identity: Identity, table: Cells): Promise<Cells> {
  if (table.may_read !== 't') return { sees: 'denied', rows: '0' };
  if (!mustBeTried(table)) return structural;
  const why = patience.over([table.owner]) ?? (await code.why(table.oid ?? ''));
  if (why !== undefined) return { untried: why };
  const relation = named(table.oid, table.schema, table.table);
  const sight = await sightAs(aside, identity, relation, table.kind === 'table' ? allRows(rows) : undefined);
  if ('untried' in sight) patience.met([table.owner], sight.refusal);
  if ('untried' in sight) return { untried: sight.untried };
  return { sees: sight.sees, rows: String(sight.rows), ...('error' in sight && { error: sight.error }) };
}

/** The lookup after a trial takes as long as trying several tables, so there is one lookup for many trials. */
const together = 50;

/** These results count only if nobody has planted code or changed the meaning of a name in the meantime. */
async function seenTogether(on: Trying, identity: Identity, tables: readonly Cells[]): Promise<readonly Cells[]> {
  const before = on.code.changes();
  const tried: Cells[] = [];
  for (const table of tables) tried.push({ ...table, identity: identity.id, ...(await seen(on, identity, table)) });
  const over = performance.now();
  const counts = async (table: Cells): Promise<Cells> => {
    if (table.may_read !== 't' || !mustBeTried(table)) return table;
    const why = await on.code.why(table.oid ?? '', over);
    const changed = on.code.changes() === before ? undefined : new ChangedMeanwhile().message;
    const untried = why ?? changed;
    return untried === undefined ? table : { ...table, sees: null, rows: null, untried };
  };
  return Promise.all(tried.map(counts));
}

/**
 * Everything that one identity sees, in a session used for nothing else: state left in the session reaches no other
 * identity.
 */
const triedBy = (
  identity: Identity,
  listed: readonly Cells[],
  on: Omit<Trying, 'aside'>,
  scope: Scope,
): Promise<readonly Cells[]> =>
  scope.aside(async (aside) => {
    const own = listed.filter(({ role }) => role === identity.role);
    const tried: Cells[] = [];
    for (let next = 0; next < own.length; next += together)
      tried.push(...(await seenTogether({ ...on, aside }, identity, own.slice(next, next + together))));
    return tried;
  });

const qualified = (table: string): string => (table.includes('.') ? table : `public.${table}`);

/** A row for each identity and table, and one with `problem` for each identity that cannot be tried. */
export async function askReach(asks: Asks, scope: Scope, tables: readonly string[]): Promise<readonly Cells[]> {
  const identities = identitiesOf(scope);
  const names = identities.map(({ role }) => role);
  const roles = await scope.aside(async (aside) =>
    recordsOf(await aside.query(rolesQuery(scope.server.version), [names])),
  );
  const problems = identities.flatMap((identity) => hindrance(identity, roles, scope) ?? []);
  const able = identities.filter((identity) => hindrance(identity, roles, scope) === undefined);
  const wanted = tables.length === 0 ? [] : [...tables.map(qualified), ...scope.phaseTables];
  const values = [able.map(({ role }) => role), exposedSchemas(scope), wanted];
  const listed = able.length === 0 ? [] : recordsOf(await asks.query(tablesQuery, values));
  const numbers = listed.filter(mustBeTried).map(({ oid }) => oid ?? '');
  const code = scope.code([...new Set(numbers)], 'held by policies');
  const tried = await scope.rows(async (rows) => {
    const all: Cells[] = [];
    const patience = lockPatience();
    for (const identity of able) all.push(...(await triedBy(identity, listed, { rows, code, patience }, scope)));
    return all;
  });
  return [...problems.map((problem) => ({ problem })), ...tried];
}
