import type { HeldConnection } from './connection.ts';
import { quoteIdentifier } from './identifiers.ts';

/** What a rollback would need of the server: looked up beforehand, not at night. */
export interface Needs {
  /** The role whose sessions are ended when forward work is stopped. */
  readonly role?: string | undefined;
}

const question = `
  select current_user,
         pg_has_role('pg_signal_backend', 'usage') or (select rolsuper from pg_roles where rolname = current_user),
         pg_has_role('pg_read_all_stats', 'usage') or (select rolsuper from pg_roles where rolname = current_user),
         exists (select from pg_roles where rolname = $1)`;

/** Grants that are missing before the guard could stop a phase's work, one sentence each with what to run. */
export async function missingGrants(
  connection: Pick<HeldConnection, 'query'>,
  { role }: Needs,
): Promise<readonly string[]> {
  const { rows } = await connection.query(question, [role ?? null]);
  const [[user, signals, reads, exists] = []] = rows;
  const guard = quoteIdentifier(user ?? '');
  return [
    ...(signals === 't' ? [] : [`the guard may not end sessions: grant pg_signal_backend to ${guard}`]),
    ...(reads === 't' ? [] : [`the guard cannot see what sessions do: grant pg_monitor to ${guard}`]),
    ...(role === undefined || exists === 't'
      ? []
      : [`the server has no role ${quoteIdentifier(role)}, which role_for_phases names`]),
  ];
}
