import type { Plan } from '../plan/plan.ts';
import type { Authority } from './state.ts';

/**
 * What the seed plan wants before the remediation, and what nothing has proved yet. A principal may waive each by name,
 * which is recorded; an acknowledgement of the plan is given in the same way.
 */
export function openRequirements({ prerequisites }: Plan, { waivers }: Authority): readonly string[] {
  const wanted = [
    'rehearsal',
    ...(prerequisites.proved_backups > 0 ? ['proved-backups'] : []),
    ...prerequisites.acknowledgements,
  ];
  return wanted.filter((requirement) => !waivers.some((waiver) => waiver.requirement === requirement));
}

/** That the phases' role can be kept out while it is undone: the server tells, not the plan. */
const fence = 'fence';

export const isRequirement = ({ prerequisites }: Plan, name: string): boolean =>
  ['rehearsal', 'proved-backups', fence, ...prerequisites.acknowledgements].includes(name);

/** Somebody answers for it that forward work may log in again while it is undone. */
export const mayBeUnfenced = ({ waivers }: Authority): boolean =>
  waivers.some(({ requirement }) => requirement === fence);
