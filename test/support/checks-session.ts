import { seconds } from '../../src/core/kernel/units.ts';
import { heldConnection, type HeldConnection } from '../../src/target/connection.ts';
import type { SessionOptions } from '../../src/target/session-settings.ts';

/** A session like that of the guard's checks. `otherwise` overrides its settings. */
export const checksSession = (url: string, otherwise: Partial<Omit<SessionOptions, 'url'>> = {}): HeldConnection =>
  heldConnection({ url, name: 'checks', readOnly: true, statementTimeout: seconds(5), ...otherwise });
