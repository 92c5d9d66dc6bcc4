import { sayError } from '../core/kernel/errors.ts';
import { seconds } from '../core/kernel/units.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { heldConnection } from '../target/connection.ts';
import { lookAtFence } from '../target/fence.ts';
import { missingGrants } from '../target/permissions.ts';
import { type LoadedPlan, whatWasEdited } from './load-plan.ts';
import type { TargetDesk } from './target-desk.ts';

/** Whether the login of the rollback steps is let in, and into a session that may write. */
async function rollbackLogin(url: string): Promise<readonly string[]> {
  await using connection = heldConnection({
    url,
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

/** Why the phases' role could come back while it is rolled back. */
async function fenceLacks({ role_for_phases: role, url, rollback_url: other }: EnvironmentPlan['target']) {
  if (role === undefined) return [];
  return (await lookAtFence({ role, urls: [url, other ?? url] })).lacks;
}

type Wanted = Pick<LoadedPlan, 'file' | 'hash'> & { readonly environment: Pick<LoadedPlan['environment'], 'target'> };

/** What a rollback would need and the guard has not, one sentence each; none when it could act as the plan says. */
export async function findShortcomings(desk: Pick<TargetDesk, 'control'>, wanted: Wanted): Promise<readonly string[]> {
  const { target } = wanted.environment;
  const [grants, fence, login] = await Promise.all([
    missingGrants(desk.control, { role: target.role_for_phases }).catch(notKnown),
    fenceLacks(target).catch(notKnown),
    rollbackLogin(target.rollback_url ?? target.url),
  ]);
  return [...grants, ...fence, ...login, ...whatWasEdited(wanted)];
}
