import type { Plan } from '../plan/plan.ts';
import type { Authority } from './state.ts';

/**
 * The prerequisites of the plan that nothing has proved yet. A principal can waive each by name, and the journal records the
 * waiver; the plan's acknowledgements are given in the same way.
 */
export function openRequirements({ prerequisites }: Plan, { waivers }: Authority): readonly string[] {
  const wanted = [
    'rehearsal',
    ...(prerequisites.proved_backups > 0 ? ['proved-backups'] : []),
    ...prerequisites.acknowledgements,
  ];
  return wanted.filter((requirement) => !waivers.some((waiver) => waiver.requirement === requirement));
}

/** The phases' role can be locked out during a rollback. The server determines this, not the plan. */
const fence = 'fence';

export const isRequirement = ({ prerequisites }: Plan, name: string): boolean =>
  ['rehearsal', 'proved-backups', fence, ...prerequisites.acknowledgements].includes(name);

/** Somebody has accepted that forward work may log in again during a rollback. */
export const mayBeUnfenced = ({ waivers }: Authority): boolean =>
  waivers.some(({ requirement }) => requirement === fence);
