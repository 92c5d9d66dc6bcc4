import { type Millis, millis } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { Plan } from '../core/plan/plan.ts';
import { addressOf } from './address.ts';
import { heldConnection, type HeldConnection } from './connection.ts';
import type { ExpectedServer } from './expected-server.ts';
import { readLogin } from './logins.ts';
import { asksCatalogs, asksPlan, pathOf, readsRows } from './session-kinds.ts';
import type { SessionOptions } from './session-settings.ts';
import { codeOfRelations, type RelationCode, vetStatements, vetted } from './untrusted-code.ts';
import { type UsersPath, usersPath } from './users-path.ts';

/**
 * Few held connections. Two for the SQL probes and one for the plan's other SQL, which read what users own; one for the
 * checks of the catalogue, one for ending sessions and one that looks whose code a reading would run, which do not.
 */
export interface TargetConnections {
  /** Spreads the SQL probes over the connections that are held for them. */
  probes(place: number): HeldConnection;
  /** Asks what the plan has written in SQL: its checks, conditions and verification queries. */
  readonly plan: HeldConnection;
  /** The same on a new connection, which whoever asks closes. */
  freshPlan(name: string): HeldConnection;
  /** Asks Ripcord's own questions of what users own, on a new connection, which whoever asks closes. */
  freshRows(name: string): HeldConnection;
  /** Whose code would run if these relations, by number, were read; that of policies only for a reader whom they hold. */
  code(relations: readonly string[], reader?: 'held by policies'): RelationCode;
  /** The path that users take, for a few connections at a time, none of them held. */
  readonly users: UsersPath;
  /** Asks Ripcord's own questions of the catalogs. */
  readonly checks: HeldConnection;
  readonly control: HeldConnection;
  /** Looks up whose code runs when something is read. */
  readonly vetting: HeldConnection;
}

export interface ConnectionParts {
  readonly target: EnvironmentPlan['target'] & { readonly server?: ExpectedServer };
  readonly plan: Pick<Plan, 'probes' | 'checks'>;
  readonly cost: (spent: Millis) => void;
  /** Told at each visit whether the users' login may read which cluster it is in. */
  readonly onCluster?: (isRead: boolean) => void;
}

/** Probes on one connection wait for each other, and a connection more is one less for the application. */
const probeConnections = 2;

/** So many visits at once let every probe find out in time that nobody is let in, though each waits for its timeout. */
const mostVisits = 4;
/** Five a second at most, whatever the number of probes. */
const visitsApart = millis(200);

const statementsOf = ({ probes, checks }: ConnectionParts['plan']): readonly string[] =>
  [...probes, ...checks].flatMap(({ sql, after }) => [...(sql === undefined ? [] : [sql]), ...Object.values(after)]);

/** Connects to nothing yet: each connection is made by its first question. Closed by `undo`. */
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
      apart: visitsApart,
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
