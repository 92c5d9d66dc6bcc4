import type { AbsentGuard, Fleet } from '../../src/api/fleet.ts';
import type { Guard } from '../../src/api/guard.ts';
import { start } from './builders.ts';

/** A fleet for the API with these guards and nothing else. */
export const fleetOf = (guards: readonly Guard[], absent: readonly AbsentGuard[] = []): Fleet => ({
  guards: () => guards,
  absent: () => absent,
  turnedAway: () => [],
  metrics: async () => ({ contentType: 'text/plain', body: '' }),
  now: () => start,
});
