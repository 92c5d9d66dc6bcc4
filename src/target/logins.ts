/** The key of the plan's target under which a login stands, as a person is told where to change it. */
export type LoginKey = 'url' | 'users_url' | 'rollback_url' | 'url (rollback_url is left out)';

/** A login, and where the plan has it. */
export interface Login {
  readonly url: string;
  readonly login: LoginKey;
}

/** What rollback steps log in with: the guard's own login where the plan has no other for them. */
export const loginToUndo = (target: { readonly url: string; readonly rollback_url?: string | undefined }): Login =>
  target.rollback_url === undefined
    ? { url: target.url, login: 'url (rollback_url is left out)' }
    : { url: target.rollback_url, login: 'rollback_url' };
