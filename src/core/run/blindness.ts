import type { GuardCondition, EvidenceSource } from '../kernel/ids.ts';
import type { RunState } from './state.ts';

/** What a failure of each condition means. */
const said: Readonly<Record<GuardCondition, string>> = {
  target: 'an address of the target leads to another server, another database or a standby',
  'guard-lock': 'it does not hold the guard lock, so another guard may be acting on the target',
  'wall-clock': 'its clock and the wall clock differ by more than a minute',
};

const isOfGuard = (source: EvidenceSource): source is GuardCondition => Object.hasOwn(said, source);

/** Completes a sentence that begins with "the guard is blind: ". */
export function sayBlindness(sources: readonly EvidenceSource[], list: (names: readonly string[]) => string): string {
  const others = sources.filter((source) => !isOfGuard(source));
  const silent = others.length === 0 ? [] : [`no evidence from ${list(others)}`];
  return [...sources.filter(isOfGuard).map((source) => said[source]), ...silent].join('; ');
}

/** Why the guard does not act without approval: it is blind, or a person has to check the target first. */
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
