import { seconds } from '../core/kernel/units.ts';
import { heldConnection } from '../target/connection.ts';
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
    (error: unknown) => [`rollback steps cannot log in: ${error instanceof Error ? error.message : String(error)}`],
  );
}

const notKnown = (error: unknown): readonly string[] => [
  `its permissions are not known: ${error instanceof Error ? error.message : String(error)}`,
];

type Wanted = Pick<LoadedPlan, 'file' | 'hash'> & { readonly environment: Pick<LoadedPlan['environment'], 'target'> };

/** What a rollback would need and the guard has not, one sentence each; none when it could act as the plan says. */
export async function findShortcomings(desk: Pick<TargetDesk, 'control'>, wanted: Wanted): Promise<readonly string[]> {
  const { target } = wanted.environment;
  const [grants, login] = await Promise.all([
    missingGrants(desk.control, { role: target.role_for_phases }).catch(notKnown),
    rollbackLogin(target.rollback_url ?? target.url),
  ]);
  return [...grants, ...login, ...whatWasEdited(wanted)];
}
