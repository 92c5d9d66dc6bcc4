import { type Millis, millis } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { Plan } from '../core/plan/plan.ts';
import { visitsApart } from '../core/plan/users-series.ts';
import { addressOf } from './address.ts';
import { heldConnection, type HeldConnection } from './connection.ts';
import type { ExpectedServer } from './expected-server.ts';
import { readLogin } from './logins.ts';
import { asksCatalogs, asksPlan, pathOf, readsRows } from './session-kinds.ts';
import type { SessionOptions } from './session-settings.ts';
import { codeOfRelations, type RelationCode, vetStatements, vetted } from './untrusted-code.ts';
import { type UsersPath, usersPath } from './users-path.ts';

/**
 * A few held connections. Two for the SQL probes and one for the plan's other SQL read user data. One for the catalogue
 * checks, one for ending sessions and one for vetting code do not.
 */
export interface TargetConnections {
  /** Distributes the SQL probes over the connections held for them. */
  probes(place: number): HeldConnection;
  /** Runs the plan's own SQL: its checks, conditions and verification queries. */
  readonly plan: HeldConnection;
  /** The same on a new connection, which the caller closes. */
  freshPlan(name: string): HeldConnection;
  /** Runs Ripcord's own queries on user data on a new connection, which the caller closes. */
  freshRows(name: string): HeldConnection;
  /**
   * Whose code would run if these relations, by oid, were read. Code of policies counts only for a reader that the
   * policies restrict.
   */
  code(relations: readonly string[], reader?: 'held by policies'): RelationCode;
  /** The users' path, for a few connections at a time, none of them held. */
  readonly users: UsersPath;
  /** Runs Ripcord's own queries on the catalogs. */
  readonly checks: HeldConnection;
  readonly control: HeldConnection;
  /** Looks up whose code runs when something is read. */
  readonly vetting: HeldConnection;
}

export interface ConnectionParts {
  readonly target: EnvironmentPlan['target'] & { readonly server?: ExpectedServer };
  readonly plan: Pick<Plan, 'probes' | 'checks'>;
  readonly cost: (spent: Millis) => void;
  /** Called at each visit: whether the users' login may read the cluster identifier. */
  readonly onCluster?: (isRead: boolean) => void;
}

/** Probes on one connection wait for each other, and each extra connection is one less for the application. */
const probeConnections = 2;

/** Enough visits at once that every probe learns in time that logins fail, even if each visit waits for its timeout. */
const mostVisits = 10;

const statementsOf = ({ probes, checks }: ConnectionParts['plan']): readonly string[] =>
  [...probes, ...checks].flatMap(({ sql, after }) => [...(sql === undefined ? [] : [sql]), ...Object.values(after)]);

/** Connects to nothing yet: the first query on each connection opens it. `undo` closes them. */
export function connectionsTo(
  { target, plan, cost, onCluster }: ConnectionParts,
  undo: AsyncDisposableStack,
): TargetConnections {
  const hold = (options: SessionOptions) => undo.use(heldConnection({ ...options, cost }));
  const vetting = hold(asksCatalogs(target, 'vetting'));
  const { user: login } = addressOf(readLogin(target).url);
  const rules = { trusts: target.trusts, path: pathOf(target), reader: false, login };
  const vet = vetStatements(vetting, rules, statementsOf(plan));
  const probes = Array.from({ length: probeConnections }, (_, place) =>
    vetted(hold({ ...asksPlan(target, `probes-${place + 1}`), seesAllRows: false }), vet),
  );
  const planSql = vetted(hold(asksPlan(target, 'plan')), vet);
  const usersUrl = target.users_url;
  const readsAsUsersDo = { ...asksPlan(target, 'users'), seesAllRows: false };
  return {
    probes: (place) => probes[place % probeConnections] ?? planSql,
    plan: planSql,
    freshPlan: (name) => vetted(heldConnection({ ...asksPlan(target, name), cost }), vet),
    freshRows: (name) => heldConnection({ ...readsRows(target, name), cost }),
    users: usersPath({
      url: usersUrl ?? readLogin(target).url,
      asGuard: usersUrl === undefined,
      ...(usersUrl === undefined && { own: { session: readsAsUsersDo, vetting: vet } }),
      most: mostVisits,
      apart: usersUrl === undefined ? visitsApart : millis(0), // the series on users_url have a pace of their own
      cost,
      ...(target.server !== undefined && { server: target.server }),
      ...(onCluster !== undefined && { onCluster }),
    }),
    checks: hold(asksCatalogs(target, 'checks')),
    control: hold(asksCatalogs(target, 'control')),
    vetting,
    code: (relations, reader) =>
      codeOfRelations(vetting, relations, { ...rules, path: [], reader: reader === 'held by policies' }),
  };
}
