import { seconds } from '../core/kernel/units.ts';
import { heldConnection } from './connection.ts';
import { TargetRefused, WrongServer } from './errors.ts';
import type { RequiredServer } from './expected-server.ts';
import { quoteIdentifier } from './identifiers.ts';

/** Whose right to log in is meant, and the logins that may take it: the guard's own, and that of the rollback steps. */
export interface Fencing {
  readonly role: string;
  readonly urls: readonly string[];
  /** The cluster, which roles belong to. */
  readonly server?: RequiredServer | undefined;
}

export interface FenceView {
  /** Undefined where the server has no such role. */
  readonly canLogin: boolean | undefined;
  /** The url of a login that may take the right away, and give it back; absent where none may. */
  readonly by?: string;
  /** Why none may, one sentence each, with what to run. */
  readonly lacks: readonly string[];
  /** What would let the login of the rollback steps do it, where that is all that is missing: statements to run. */
  readonly grants?: readonly string[];
  /** Its sessions cannot be ended either. */
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
    // Membership is not what it needs: it shall neither be nor inherit from the phases' role.
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

/** A login that is not let in is of no use; one that leads to another server must be told. */
const unlessElsewhere = (error: unknown): undefined => {
  if (error instanceof WrongServer) throw error;
};

/** Whether the role can log in, and whether that may be changed. Rejects with a TargetError when the guard cannot look. */
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
  if (canLogin === undefined) return { canLogin, lacks: [] }; // that there is no such role is said elsewhere
  if (isSuper) {
    const why = `${phases} is a superuser: the guard does not keep it out, and only a superuser could end its sessions; give the phases another role`;
    return { canLogin, isSuper, lacks: [why] };
  }
  if (all.some(({ seen }) => seen?.login === role)) {
    const why = `${phases} is the login of the guard or of the rollback steps as well, and so cannot be kept out: give the phases a login of their own`;
    return { canLogin, lacks: [why] };
  }
  const able = all.find(({ seen }) => seen?.lacks.length === 0);
  if (able !== undefined) return { canLogin, by: able.url, lacks: [] };
  // That of the rollback steps, where there is one: the guard's own only watches.
  const grants = all.flatMap(({ seen }) => seen ?? []).at(-1)?.lacks ?? first.lacks;
  return {
    canLogin,
    grants,
    lacks: [`${phases} could log in again while it is rolled back; so that it cannot, run: ${grants.join('; ')}`],
  };
}

export const liftStatement = (role: string): string => `alter role ${quoteIdentifier(role)} login`;

/** Rejects unless the role cannot log in afterwards. */
export async function takeLogin(url: string, { role, server }: Omit<Fencing, 'urls'>): Promise<void> {
  await using connection = altering(url, server);
  await connection.query(`alter role ${quoteIdentifier(role)} nologin`);
  const { rows } = await connection.query('select rolcanlogin from pg_roles where rolname = $1', [role]);
  if (rows[0]?.[0] === 'f') return;
  throw new TargetRefused({
    found: `${quoteIdentifier(role)} can still log in`,
    wanted: 'that the server took its right to log in',
    todo: 'Look at the role: select * from pg_roles',
  });
}

export async function giveLogin(url: string, { role, server }: Omit<Fencing, 'urls'>): Promise<void> {
  await using connection = altering(url, server);
  await connection.query(liftStatement(role));
}
