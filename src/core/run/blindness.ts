import type { GuardSense, Sense } from '../kernel/ids.ts';
import type { RunState } from './state.ts';

/** What each of them means when it fails. */
const said: Readonly<Record<GuardSense, string>> = {
  target: 'an address of the target leads to another server, another database or a standby',
  'guard-lock': 'it does not hold the guard lock, so another guard may be acting on the target',
  'wall-clock': 'its clock and the wall clock differ by more than a minute',
};

const isOfGuard = (sense: Sense): sense is GuardSense => Object.hasOwn(said, sense);

/** The rest of a sentence that begins with "the guard is blind: ". */
export function sayBlindness(senses: readonly Sense[], list: (names: readonly string[]) => string): string {
  const others = senses.filter((sense) => !isOfGuard(sense));
  const silent = others.length === 0 ? [] : [`no evidence from ${list(others)}`];
  return [...senses.filter(isOfGuard).map((sense) => said[sense]), ...silent].join('; ');
}

/** Why nothing is done without asking while the guard is not sure of itself, or a person has to look at the target. */
export function unsure({ blind, targetChange }: Pick<RunState, 'blind' | 'targetChange'>): string | undefined {
  const own = blind?.probes.filter(isOfGuard) ?? [];
  if (own.length > 0) return sayBlindness(own, String);
  if (targetChange === undefined) return undefined;
  return `${sayTargetChange(targetChange)}, which nobody has confirmed yet`;
}

export const sayTargetChange = ({ kind, from, to }: NonNullable<RunState['targetChange']>): string =>
  kind === 'failover'
    ? `the server failed over from timeline ${from.timeline} to ${to.timeline}`
    : `another database has taken the place of ${from.database} (oid ${from.oid}, now ${to.oid})`;
