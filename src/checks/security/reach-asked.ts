import { quoteIdentifier } from '../../target/identifiers.ts';
import type { Asks } from '../asks.ts';
import type { Cells, Identity, Scope } from '../check.ts';
import { recordsOf } from '../pieces.ts';
import { rolesQuery, tablesQuery } from './reach-sql.ts';
import { sightAs } from './reading-as.ts';
import { exposedSchemas, watchedRoles } from './watched.ts';

/** Those of the plan; every role that is watched, without claims, where it has none. */
const identitiesOf = (scope: Scope): readonly Identity[] =>
  scope.identities.length > 0 ? scope.identities : watchedRoles(scope).map((role) => ({ id: role, role, claims: {} }));

/** Why an identity cannot be tried; undefined where it can. */
function hindrance({ id, role }: Identity, roles: readonly Cells[]): string | undefined {
  const found = roles.find((one) => one.role === role);
  if (found === undefined) return `the server has no role ${role}, which criteria.security names for ${id}`;
  if (found.may === 't') return undefined;
  return `could not look as ${id}: grant ${quoteIdentifier(role)} to ${found.guard}`;
}

const structural = { sees: 'all', rows: '0' } as const;

/** What is certain without trying, where no policy has a say; else it is tried. */
async function seen(aside: Asks, identity: Identity, table: Cells): Promise<Cells> {
  if (table.may_read !== 't') return { sees: 'denied', rows: '0' };
  if (table.guarded !== 't') return structural;
  const name = `${quoteIdentifier(table.schema ?? '')}.${quoteIdentifier(table.table ?? '')}`;
  const sight = await sightAs(aside, identity, name);
  return 'untried' in sight ? { untried: sight.untried } : { sees: sight.sees, rows: String(sight.rows) };
}

const qualified = (table: string): string => (table.includes('.') ? table : `public.${table}`);

/** A row for each identity and table, and one with `problem` for each identity that cannot be tried. */
export async function askReach(asks: Asks, scope: Scope, tables: readonly string[]): Promise<readonly Cells[]> {
  const identities = identitiesOf(scope);
  const roles = recordsOf(await asks.query(rolesQuery(scope.server.version), [identities.map(({ role }) => role)]));
  const problems = identities.flatMap((identity) => hindrance(identity, roles) ?? []);
  const able = identities.filter((identity) => hindrance(identity, roles) === undefined);
  const wanted = tables.length === 0 ? [] : [...tables.map(qualified), ...scope.phaseTables];
  const values = [able.map(({ role }) => role), exposedSchemas(scope), wanted];
  const listed = able.length === 0 ? [] : recordsOf(await asks.query(tablesQuery, values));
  const rows = await scope.aside(async (aside) => {
    const tried: Cells[] = [];
    for (const identity of able) {
      for (const table of listed.filter(({ role }) => role === identity.role)) {
        tried.push({ ...table, identity: identity.id, ...(await seen(aside, identity, table)) });
      }
    }
    return tried;
  });
  return [...problems.map((problem) => ({ problem })), ...rows];
}
