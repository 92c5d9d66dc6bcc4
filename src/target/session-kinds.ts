import { seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { RequiredServer } from './expected-server.ts';
import { addressOf } from './address.ts';
import { type Login, reachLogin, readLogin } from './logins.ts';
import type { SessionOptions } from './session-settings.ts';

type Target = EnvironmentPlan['target'];
/** The server that its sessions must reach; left out by a caller that is still finding out which one it is. */
export interface OfServer {
  readonly server?: RequiredServer;
  /** Ends a look that opens its own sessions. */
  readonly signal?: AbortSignal | undefined;
}
type Readable = Pick<Target, 'url' | 'read_url'> & OfServer;

const requiring = ({ server }: OfServer): OfServer => (server === undefined ? {} : { server });

const readsOnly = { readOnly: true, seesAllRows: true, statementTimeout: seconds(30) } as const;

/** The search path for unqualified names in the plan; `public` if the plan names none. */
export const pathOf = ({ search_path: path }: Pick<Target, 'search_path'>): readonly string[] => path ?? ['public'];

type Logins = Pick<Target, 'url'> & Partial<Pick<Target, 'read_url' | 'reach_url' | 'rollback_url'>>;
/** The names of the guard's own logins. The login of the users' path may be the application's. */
export const loginsOf = ({ url, read_url: read, reach_url: reach, rollback_url: undo }: Logins): readonly string[] => [
  ...new Set([url, read, reach, undo].flatMap((address) => (address === undefined ? [] : [addressOf(address).user]))),
];

/** The watching login queries the catalogs and nothing that a user owns. */
export const asksCatalogs = (target: Logins & OfServer, name: string): SessionOptions => ({
  url: target.url,
  login: 'url',
  guardLogins: loginsOf(target),
  name,
  ...readsOnly,
  ...requiring(target),
});

/** The reading login runs Ripcord's own queries on user data. */
export const readsRows = (target: Readable, name: string): SessionOptions => ({
  ...readLogin(target),
  name,
  ...readsOnly,
  ...requiring(target),
  readsUserData: true,
});

/** Becomes each watched role in turn, in transactions of its own. */
export const triesRoles = (target: Readable & Pick<Target, 'reach_url'>, name: string): SessionOptions => ({
  ...reachLogin(target),
  name,
  ...readsOnly,
  ...requiring(target),
});

/** The reading login runs the plan's SQL, under the plan's search path. */
export const asksPlan = (target: Readable & Pick<Target, 'search_path'>, name: string): SessionOptions => ({
  ...readsRows(target, name),
  searchPath: pathOf(target),
});

/** Asks a login about its own rights. It reads only catalogs, whichever login it is. */
export const asksOfItself = ({ signal: _, ...login }: Login & OfServer): SessionOptions => ({
  ...login,
  name: 'logins',
  ...readsOnly,
});

/** Sessions that change something, or prove that it can be changed. */
export const mayWrite = (
  login: Login & OfServer,
  name: string,
  statementTimeout: SessionOptions['statementTimeout'],
): SessionOptions => ({ ...login, name, readOnly: false, statementTimeout });
