import { sayError } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { type LoadedPlan, whatWasEdited } from '../plan-files/load-plan.ts';
import { heldConnection } from './connection.ts';
import { WrongServer } from './errors.ts';
import { type RequiredServer, serverFor } from './expected-server.ts';
import { lookAtFence } from './fence.ts';
import type { GuardedTarget } from './guarded-target.ts';
import { type Login, loginToUndo } from './logins.ts';
import { missingGrants } from './permissions.ts';
import { lookAtPlanLogins, namesMissing, type WithLogins } from './plan-logins.ts';
import { mayWrite } from './session-kinds.ts';

/** Whether the login of the rollback steps can log in and gets a session that may write. */
async function rollbackLogin(login: Login, server: RequiredServer | undefined): Promise<readonly string[]> {
  const required = server === undefined ? login : { ...login, server };
  await using connection = heldConnection(mayWrite(required, 'rollback-login', seconds(5)));
  const asked = connection.query("select current_setting('transaction_read_only')");
  return await asked.then(
    ({ rows }) =>
      rows[0]?.[0] === 'off' ? [] : ['rollback steps would find the target read-only: give the address of the primary'],
    (error: unknown) => [
      error instanceof WrongServer
        ? `rollback steps would reach another server: ${error.message}`
        : `rollback steps cannot log in: ${sayError(error)}`,
    ],
  );
}

const notKnown = (error: unknown): readonly string[] => [`its permissions are not known: ${sayError(error)}`];

/** The watching login must not have this right. */
const withoutUndo = (role: string): string =>
  `"${role}" could log in again during its rollback; to prevent that, give the target a rollback_url, whose login may alter that role (docs/operating.md has the grants)`;

/** Why the phases' role could log in again during a rollback, and which of these reasons nobody may waive. */
async function fenceLacks(target: EnvironmentPlan['target'], server: RequiredServer | undefined) {
  const { role_for_phases: role, url, rollback_url: other } = target;
  if (role === undefined) return { unfenced: [], grave: [] };
  const looked = await lookAtFence({ role, urls: [url, other ?? url], server }).catch(notKnown);
  if ('isSuper' in looked && looked.isSuper) return { unfenced: [], grave: looked.lacks };
  if (!('lacks' in looked)) return { unfenced: [], grave: looked };
  if (looked.lacks.length > 0 && target.read_url !== undefined && other === undefined)
    return { unfenced: [withoutUndo(role)], grave: [] };
  return { unfenced: looked.lacks, grave: [], ...(looked.lacks.length === 0 && { fences: role }) };
}

type Wanted = Pick<LoadedPlan, 'file' | 'hash'> & WithLogins;

export interface MissingPermissions {
  /** Why the phases' role could log in again during a rollback. A person may waive this. */
  readonly unfenced: readonly string[];
  readonly others: readonly string[];
  /** The phases' role, if it could not log in again. */
  readonly fences?: string;
}

/** `server`: the server that each login must reach; left out by a caller that does not know it yet. */
type Sessions = Pick<GuardedTarget, 'control'> & Partial<Pick<GuardedTarget, 'server'>>;

/** The permissions that the guard lacks for a rollback, one sentence each; empty if it could act as the plan says. */
export async function findMissingPermissions(
  { control, server }: Sessions,
  wanted: Wanted,
): Promise<MissingPermissions> {
  const { target } = wanted.environment;
  const undo = loginToUndo(target);
  const [grants, logins, names, { unfenced, grave, ...fence }, login] = await Promise.all([
    missingGrants(control, { role: target.role_for_phases }).catch(notKnown),
    lookAtPlanLogins(control, wanted, server === undefined ? {} : { server }).then(
      ({ excess, missing }) => [...excess, ...missing],
      notKnown,
    ),
    namesMissing(control, wanted).catch(notKnown),
    fenceLacks(target, server?.cluster),
    rollbackLogin(undo, server && serverFor(server, undo.url, target.url)),
  ]);
  const others = [...new Set([...grants, ...logins, ...names, ...grave, ...login, ...whatWasEdited(wanted)])];
  return { unfenced, others, ...fence };
}

/** The same as one list for people. */
export async function listMissingPermissions(connections: Sessions, wanted: Wanted): Promise<readonly string[]> {
  const { unfenced, others } = await findMissingPermissions(connections, wanted);
  return [...unfenced, ...others];
}
