import { sayTarget, type TargetIdentity } from '../core/evidence/target.ts';
import { addressOf, sayAddress } from './address.ts';
import type { HeldConnection } from './connection.ts';
import { TargetRefused } from './errors.ts';
import { type ExpectedServer, expectedServer } from './expected-server.ts';
import { identityColumns, mayNotIdentify, serverSeen } from './who-answers.ts';

const oldest = 140_000;

/**
 * Identifies the database through an existing session. Rejects with TargetRefused if the server is older than
 * PostgreSQL 14 or the login may not read the cluster identifier, and with WrongServer if the server is a standby or
 * not the one that `server` expects.
 */
export async function identify(
  connection: Pick<HeldConnection, 'query' | 'url'>,
  server: Pick<ExpectedServer, 'require'> = expectedServer(),
  signal?: AbortSignal,
): Promise<TargetIdentity> {
  const address = addressOf(connection.url);
  const { rows } = await connection.query(`select ${identityColumns}`, [], { signal }).catch((error: unknown) => {
    const isRefused = error instanceof TargetRefused && error.code === '42501';
    throw isRefused ? mayNotIdentify(address.user, sayAddress(address), error) : error;
  });
  const found = serverSeen(rows[0] ?? []);
  if (!(found.serverVersion >= oldest)) {
    throw new TargetRefused({
      found: sayTarget(found),
      wanted: 'PostgreSQL 14 or later',
      todo: 'Upgrade the server: older ones lack the views that the guard judges by, and get no security fixes',
    });
  }
  server.require(found, sayAddress(address));
  const { standby: _standby, written: _written, lockSessions: _sessions, ...identity } = found;
  return identity;
}
