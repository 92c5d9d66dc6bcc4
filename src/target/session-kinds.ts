import { seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import type { RequiredServer } from './expected-server.ts';
import { addressOf } from './address.ts';
import { type Login, reachLogin, readLogin } from './logins.ts';
import type { SessionOptions } from './session-settings.ts';

type Target = EnvironmentPlan['target'];
/** Which server its sessions must reach; left out by whoever only looks which one it is. */
export interface OfServer {
  readonly server?: RequiredServer;
}
type Readable = Pick<Target, 'url' | 'read_url'> & OfServer;

const requiring = ({ server }: OfServer): OfServer => (server === undefined ? {} : { server });

const readsOnly = { readOnly: true, seesAllRows: true, statementTimeout: seconds(30) } as const;

/** Where the plan's names without a schema are looked up; public when it does not say. */
export const pathOf = ({ search_path: path }: Pick<Target, 'search_path'>): readonly string[] => path ?? ['public'];

type Logins = Pick<Target, 'url'> & Partial<Pick<Target, 'read_url' | 'reach_url' | 'rollback_url'>>;
/** The names of the guard's own logins; that of the users' path may be the application's. */
export const loginsOf = ({ url, read_url: read, reach_url: reach, rollback_url: undo }: Logins): readonly string[] => [
  ...new Set([url, read, reach, undo].flatMap((address) => (address === undefined ? [] : [addressOf(address).user]))),
];

/** The watching login asks the catalogs, and nothing that a user owns. */
export const asksCatalogs = (target: Logins & OfServer, name: string): SessionOptions => ({
  url: target.url,
  login: 'url',
  guardLogins: loginsOf(target),
  name,
  ...readsOnly,
  ...requiring(target),
});

/** The reading login asks Ripcord's own questions of what users own. */
export const readsRows = (target: Readable, name: string): SessionOptions => ({
  ...readLogin(target),
  name,
  ...readsOnly,
  ...requiring(target),
  readsUserData: true,
});

/** Becomes the watched roles in turn, in transactions of its own. */
export const triesRoles = (target: Readable & Pick<Target, 'reach_url'>, name: string): SessionOptions => ({
  ...reachLogin(target),
  name,
  ...readsOnly,
  ...requiring(target),
});

/** The reading login asks what the plan has written, under the plan's path. */
export const asksPlan = (target: Readable & Pick<Target, 'search_path'>, name: string): SessionOptions => ({
  ...readsRows(target, name),
  searchPath: pathOf(target),
});

/** A login is asked what it may do itself: catalogs only, whoever it is. */
export const asksOfItself = (login: Login & OfServer): SessionOptions => ({ ...login, name: 'logins', ...readsOnly });

/** The kinds of session that change something, or prove that it can be changed. */
export const mayWrite = (
  login: Login & OfServer,
  name: string,
  statementTimeout: SessionOptions['statementTimeout'],
): SessionOptions => ({ ...login, name, readOnly: false, statementTimeout });
