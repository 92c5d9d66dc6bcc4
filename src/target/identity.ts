import { sayTarget, type TargetIdentity } from '../core/evidence/target.ts';
import { addressOf } from './address.ts';
import type { HeldConnection } from './connection.ts';
import { TargetError, TargetRefused } from './errors.ts';
import { quoteIdentifier } from './identifiers.ts';

const oldest = 140_000;

/**
 * Which database this is. Rejects with TargetRefused when the server is older than PostgreSQL 14, or when the login may
 * not read the cluster's identifier: without it a copy of the target could be taken for the target.
 */
export async function identify(connection: Pick<HeldConnection, 'query' | 'url'>): Promise<TargetIdentity> {
  const { rows } = await connection.query(
    "select current_setting('server_version_num'), current_database(), current_user",
  );
  const [[version, database, user] = []] = rows;
  const known = { database: String(database), serverVersion: Number(version) };
  if (!(known.serverVersion >= oldest)) {
    throw new TargetRefused({
      found: sayTarget({ ...known, system: '' }),
      wanted: 'PostgreSQL 14 or later',
      todo: 'Upgrade the server: older ones lack the views that the guard judges by, and get no security fixes',
    });
  }
  try {
    const { rows: answer } = await connection.query('select system_identifier from pg_control_system()');
    return { system: String(answer[0]?.[0]), ...known };
  } catch (error) {
    if (!(error instanceof TargetError) || error.code !== '42501') throw error;
    const role = quoteIdentifier(user ?? addressOf(connection.url).user);
    throw new TargetRefused(
      {
        found: `${role} may not read the identifier of the cluster of ${sayTarget({ ...known, system: '' })}`,
        wanted: 'to know for certain which database this is',
        todo: `Run, as a superuser: grant execute on function pg_control_system() to ${role}`,
      },
      error.code,
      { cause: error },
    );
  }
}
