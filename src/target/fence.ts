import { seconds } from '../core/kernel/units.ts';
import { heldConnection } from './connection.ts';
import { TargetRefused, WrongServer } from './errors.ts';
import type { RequiredServer } from './expected-server.ts';
import { quoteIdentifier } from './identifiers.ts';

/**
 * The role whose LOGIN right is meant, and the logins that may revoke it: the guard's own, and that of the rollback
 * steps.
 */
export interface Fencing {
  readonly role: string;
  readonly urls: readonly string[];
  /** The cluster, because roles belong to the cluster. */
  readonly server?: RequiredServer | undefined;
}

export interface FenceView {
  /** Undefined if the server has no such role. */
  readonly canLogin: boolean | undefined;
  /** The URL of a login that may revoke the right and give it back; absent if none may. */
  readonly by?: string;
  /** Why no login may, one sentence each, with the statement to run. */
  readonly lacks: readonly string[];
  /** The statements that would let the rollback login do it, if only grants are missing. */
  readonly grants?: readonly string[];
  /** Set if its sessions cannot be ended either. */
  readonly isSuper?: true;
}

const question = `
  select session_user, current_user, me.rolsuper, me.rolcreaterole,
         current_setting('server_version_num')::int >= 160000, r.rolsuper, r.rolcanlogin,
         coalesce(pg_has_role(current_user, r.oid, 'member with admin option'), false)
  from pg_roles me left join pg_roles r on r.rolname = $1
  where me.rolname = current_user`;

interface Seen {
  readonly login: string;
  readonly lacks: readonly string[];
  readonly isSuper: boolean;
  readonly canLogin: boolean | undefined;
}

const altering = (url: string, server: RequiredServer | undefined) =>
  heldConnection({
    url,
    name: 'fence',
    readOnly: false,
    statementTimeout: seconds(10),
    ...(server !== undefined && { server }),
  });

async function ask(url: string, role: string, server: RequiredServer | undefined): Promise<Seen> {
  await using connection = altering(url, server);
  const { rows } = await connection.query(question, [role]);
  const [[login, user, superuser, creates, needsAdmin, isSuper, canLogin, admin] = []] = rows;
  const [guard, phases] = [quoteIdentifier(user ?? ''), quoteIdentifier(role)];
  const lacks = [
    ...(creates === 't' ? [] : [`alter role ${guard} createrole`]),
    // Asks for the admin option alone: the login must not become the phases' role or inherit from it.
    ...(needsAdmin === 'f' || admin === 't'
      ? []
      : [`grant ${phases} to ${guard} with admin true, inherit false, set false`]),
  ];
  return {
    login: login ?? '',
    lacks: superuser === 't' ? [] : lacks,
    isSuper: isSuper === 't',
    canLogin: canLogin == null ? undefined : canLogin === 't',
  };
}

/** Ignores a login that the server rejects, but reports one that leads to another server. */
const unlessElsewhere = (error: unknown): undefined => {
  if (error instanceof WrongServer) throw error;
};

/**
 * Whether the role can log in, and whether a login of the guard can change that. Rejects with a TargetError if the
 * guard cannot find out.
 */
export async function lookAtFence({ role, urls, server }: Fencing): Promise<FenceView> {
  const [own, ...others] = urls;
  if (own === undefined) return { canLogin: undefined, lacks: [] };
  const first = await ask(own, role, server);
  const rest = await Promise.all(
    [...new Set(others)]
      .filter((url) => url !== own)
      .map(async (url) => ({ url, seen: await ask(url, role, server).catch(unlessElsewhere) })),
  );
  const all = [{ url: own, seen: first }, ...rest];
  const { canLogin, isSuper } = first;
  const phases = quoteIdentifier(role);
  if (canLogin === undefined) return { canLogin, lacks: [] }; // another message reports the missing role
  if (isSuper) {
    const why = `${phases} is a superuser: the guard cannot lock it out, and only a superuser could end its sessions; give the phases another role`;
    return { canLogin, isSuper, lacks: [why] };
  }
  if (all.some(({ seen }) => seen?.login === role)) {
    const why = `${phases} is also the login of the guard or of the rollback steps, so the guard cannot lock it out: give the phases a login of their own`;
    return { canLogin, lacks: [why] };
  }
  const able = all.find(({ seen }) => seen?.lacks.length === 0);
  if (able !== undefined) return { canLogin, by: able.url, lacks: [] };
  // Prefers the rollback login, if there is one, because the guard's own login only watches.
  const grants = all.flatMap(({ seen }) => seen ?? []).at(-1)?.lacks ?? first.lacks;
  return {
    canLogin,
    grants,
    lacks: [`${phases} could log in again during its rollback; to prevent that, run: ${grants.join('; ')}`],
  };
}

export const liftStatement = (role: string): string => `alter role ${quoteIdentifier(role)} login`;

/** Revokes LOGIN. Rejects if the role can still log in afterwards. */
export async function takeLogin(url: string, { role, server }: Omit<Fencing, 'urls'>): Promise<void> {
  await using connection = altering(url, server);
  await connection.query(`alter role ${quoteIdentifier(role)} nologin`);
  const { rows } = await connection.query('select rolcanlogin from pg_roles where rolname = $1', [role]);
  if (rows[0]?.[0] === 'f') return;
  throw new TargetRefused({
    found: `${quoteIdentifier(role)} can still log in`,
    wanted: 'a role without the right to log in',
    todo: 'Look at the role: select * from pg_roles',
  });
}

export async function giveLogin(url: string, { role, server }: Omit<Fencing, 'urls'>): Promise<void> {
  await using connection = altering(url, server);
  await connection.query(liftStatement(role));
}
