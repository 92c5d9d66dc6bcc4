/** The key of the plan's target under which a login stands, as a person is told where to change it. */
export type LoginKey =
  | 'url'
  | 'read_url'
  | 'url (read_url is left out)'
  | 'reach_url'
  | 'users_url'
  | 'rollback_url'
  | 'url (rollback_url is left out)';

/** A login, and where the plan has it. */
export interface Login {
  readonly url: string;
  readonly login: LoginKey;
}

/** What reads users' data: the watching login where the plan has no other for it. */
export const readLogin = (target: { readonly url: string; readonly read_url?: string | undefined }): Login =>
  target.read_url === undefined
    ? { url: target.url, login: 'url (read_url is left out)' }
    : { url: target.read_url, login: 'read_url' };

/** What tries what the watched roles can read: the reading login where the plan has no other for it. */
export const reachLogin = (
  target: Parameters<typeof readLogin>[0] & { readonly reach_url?: string | undefined },
): Login => (target.reach_url === undefined ? readLogin(target) : { url: target.reach_url, login: 'reach_url' });

/** What rollback steps log in with: the guard's own login where the plan has no other for them. */
export const loginToUndo = (target: { readonly url: string; readonly rollback_url?: string | undefined }): Login =>
  target.rollback_url === undefined
    ? { url: target.url, login: 'url (rollback_url is left out)' }
    : { url: target.rollback_url, login: 'rollback_url' };
