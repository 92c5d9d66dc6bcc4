import { everybody } from './security/watched.ts';

/** The letters of an access list (PostgreSQL manual, table 5.1). */
const privileges: Readonly<Record<string, string>> = {
  r: 'select',
  a: 'insert',
  w: 'update',
  d: 'delete',
  D: 'truncate',
  x: 'references',
  t: 'trigger',
  C: 'create',
  c: 'connect',
  T: 'temporary',
  X: 'execute',
  U: 'usage',
  m: 'maintain',
};

export interface Grant {
  /** Without quotes; everybody is `PUBLIC`. */
  readonly grantee: string;
  readonly privilege: string;
}

export const unquoted = (role: string): string =>
  role.startsWith('"') ? role.slice(1, -1).replaceAll('""', '"') : role;

/** An item of an access list is `grantee=letters/grantor`, with nobody before the sign for everybody. */
const item = /^((?:"(?:[^"]|"")*")?[^"=]*)=([a-zA-Z*]*)\/(.*)$/;

/** What an access list, a JSON list of items, grants to others than the owner, whose rights come with ownership. */
export function grantsIn(acl: string | null | undefined): readonly Grant[] {
  return ((JSON.parse(acl ?? '[]') as readonly string[] | null) ?? []).flatMap((one) => {
    const [, grantee = '', letters = '', grantor = ''] = item.exec(one) ?? [];
    if (grantee === grantor) return [];
    const holder = grantee === '' ? everybody : unquoted(grantee);
    return (letters.match(/[a-z]/gi) ?? []).flatMap((letter) => {
      const privilege = privileges[letter];
      return privilege === undefined ? [] : [{ grantee: holder, privilege }];
    });
  });
}
