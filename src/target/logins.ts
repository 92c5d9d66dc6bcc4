import { addressOf } from './address.ts';

/** The key of a login in the plan's target, so that an operator knows where to change it. */
export type LoginKey =
  | 'url'
  | 'read_url'
  | 'url (read_url is left out)'
  | 'reach_url'
  | 'users_url'
  | 'rollback_url'
  | 'url (rollback_url is left out)';

/** A login and its key in the plan. */
export interface Login {
  readonly url: string;
  readonly login: LoginKey;
}

/** Reads user data: the watching login unless the plan has its own. */
export const readLogin = (target: { readonly url: string; readonly read_url?: string | undefined }): Login =>
  target.read_url === undefined
    ? { url: target.url, login: 'url (read_url is left out)' }
    : { url: target.read_url, login: 'read_url' };

/** Tries what the watched roles can read: the reading login unless the plan has its own. */
export const reachLogin = (
  target: Parameters<typeof readLogin>[0] & { readonly reach_url?: string | undefined },
): Login => (target.reach_url === undefined ? readLogin(target) : { url: target.reach_url, login: 'reach_url' });

/** Runs the rollback steps: the guard's own login unless the plan has another. */
export const loginToUndo = (target: { readonly url: string; readonly rollback_url?: string | undefined }): Login =>
  target.rollback_url === undefined
    ? { url: target.url, login: 'url (rollback_url is left out)' }
    : { url: target.rollback_url, login: 'rollback_url' };

/** The names of the logins with which only the guard connects. The application has the one of `users_url`. */
export const ownLogins = (
  target: Parameters<typeof reachLogin>[0] & Parameters<typeof loginToUndo>[0],
): readonly string[] => [
  ...new Set(
    [target, readLogin(target), reachLogin(target), loginToUndo(target)].map(({ url }) => addressOf(url).user),
  ),
];
