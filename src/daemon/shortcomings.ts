import { sayError } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { heldConnection } from '../target/connection.ts';
import { lookAtFence } from '../target/fence.ts';
import { type Login, loginToUndo } from '../target/logins.ts';
import { missingGrants } from '../target/permissions.ts';
import { type LoadedPlan, whatWasEdited } from './load-plan.ts';
import type { TargetDesk } from './target-desk.ts';

/** Whether the login of the rollback steps is let in, and into a session that may write. */
async function rollbackLogin(login: Login): Promise<readonly string[]> {
  await using connection = heldConnection({
    ...login,
    name: 'rollback-login',
    readOnly: false,
    statementTimeout: seconds(5),
  });
  const asked = connection.query("select current_setting('transaction_read_only')");
  return await asked.then(
    ({ rows }) =>
      rows[0]?.[0] === 'off' ? [] : ['rollback steps would find the target read-only: give the address of the primary'],
    (error: unknown) => [`rollback steps cannot log in: ${sayError(error)}`],
  );
}

const notKnown = (error: unknown): readonly string[] => [`its permissions are not known: ${sayError(error)}`];

/** Why the phases' role could come back while it is rolled back, and what of it nobody can answer for. */
async function fenceLacks({ role_for_phases: role, url, rollback_url: other }: EnvironmentPlan['target']) {
  if (role === undefined) return { unfenced: [], grave: [] };
  const looked = await lookAtFence({ role, urls: [url, other ?? url] }).catch(notKnown);
  if ('isSuper' in looked && looked.isSuper) return { unfenced: [], grave: looked.lacks };
  if (!('lacks' in looked)) return { unfenced: [], grave: looked };
  return { unfenced: looked.lacks, grave: [], ...(looked.lacks.length === 0 && { fences: role }) };
}

type Wanted = Pick<LoadedPlan, 'file' | 'hash'> & { readonly environment: Pick<LoadedPlan['environment'], 'target'> };

export interface Shortcomings {
  /** The phases' role could log in again while it is undone, which a person may answer for. */
  readonly unfenced: readonly string[];
  readonly others: readonly string[];
  /** The phases' role, where it could not. */
  readonly fences?: string;
}

/** What a rollback would need and the guard has not, one sentence each; none when it could act as the plan says. */
export async function lookForShortcomings(desk: Pick<TargetDesk, 'control'>, wanted: Wanted): Promise<Shortcomings> {
  const { target } = wanted.environment;
  const [grants, { unfenced, grave, ...fence }, login] = await Promise.all([
    missingGrants(desk.control, { role: target.role_for_phases }).catch(notKnown),
    fenceLacks(target),
    rollbackLogin(loginToUndo(target)),
  ]);
  return { unfenced, others: [...grants, ...grave, ...login, ...whatWasEdited(wanted)], ...fence };
}

/** All of them, as one list to read. */
export async function findShortcomings(desk: Pick<TargetDesk, 'control'>, wanted: Wanted): Promise<readonly string[]> {
  const { unfenced, others } = await lookForShortcomings(desk, wanted);
  return [...unfenced, ...others];
}
