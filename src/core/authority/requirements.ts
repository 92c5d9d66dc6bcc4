import type { Plan } from '../plan/plan.ts';
import type { Authority } from './state.ts';

/**
 * What the seed plan wants before the remediation, and what nothing has proved yet. A principal may waive each by name,
 * which is recorded; an acknowledgement of the plan is given in the same way.
 */
export function openRequirements({ prerequisites }: Plan, authority: Authority): readonly string[] {
  const wanted = [
    'rehearsal',
    ...(prerequisites.proved_backups > 0 ? ['proved-backups'] : []),
    ...prerequisites.acknowledgements,
  ];
  return wanted.filter((requirement) => !isWaived(authority, requirement));
}

/** That the phases' role can be fenced. Looked at when the run is armed; a person may know better, and waive it. */
export const fenceRequirement = 'fence';

export const isRequirement = ({ prerequisites }: Plan, name: string): boolean =>
  ['rehearsal', 'proved-backups', fenceRequirement, ...prerequisites.acknowledgements].includes(name);

export const isWaived = ({ waivers }: Authority, name: string): boolean =>
  waivers.some(({ requirement }) => requirement === name);
