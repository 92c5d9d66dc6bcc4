import { principalId, type PrincipalId } from '../kernel/ids.ts';
import { builtInNeeds, builtInRights, type PrincipalPlan, type Right } from '../plan/authority.ts';
import type { Plan } from '../plan/plan.ts';

export type { Right };

/** A person or program that gives orders, as the plan defines it. */
export interface Principal {
  readonly id: PrincipalId;
  readonly role: string;
}

export const principalOf = ({ id, role }: PrincipalPlan): Principal => ({ id: principalId(id), role });

/** Guards against inherited keys: a role may have any name, even `constructor`. */
const own = <Value>(table: Readonly<Record<string, Value>>, role: string): Value | undefined =>
  Object.hasOwn(table, role) ? table[role] : undefined;

export const rightsOf = (plan: Pick<Plan, 'roles'>, role: string): readonly Right[] =>
  own(plan.roles, role)?.rights ?? own(builtInRights, role) ?? [];

export const needsAlso = (plan: Pick<Plan, 'roles'>, role: string): string | undefined =>
  own(plan.roles, role)?.needs_also ?? own(builtInNeeds, role);

/** The roles that accompany another role. The technical lead is always one, whatever the plan says for project managers. */
export const counselsOf = ({ roles }: Pick<Plan, 'roles'>): readonly string[] => [
  ...Object.values(builtInNeeds),
  ...Object.values(roles).flatMap(({ needs_also: other }) => (other === undefined ? [] : [other])),
];

/** The principals who have the right, for messages that say whom to ask. */
export const whoMay = (plan: Plan, right: Right): readonly string[] =>
  plan.principals.filter(({ role }) => rightsOf(plan, role).includes(right)).map(({ id }) => id);
