import { principalId, type PrincipalId } from '../kernel/ids.ts';
import { builtInNeeds, builtInRights, type PrincipalPlan, type Right } from '../plan/authority.ts';
import type { Plan } from '../plan/plan.ts';

export type { Right };

/** Who speaks, as the plan knows them. */
export interface Principal {
  readonly id: PrincipalId;
  readonly role: string;
}

export const principalOf = ({ id, role }: PrincipalPlan): Principal => ({ id: principalId(id), role });

/** A role may have any name, `constructor` too. */
const own = <Value>(table: Readonly<Record<string, Value>>, role: string): Value | undefined =>
  Object.hasOwn(table, role) ? table[role] : undefined;

export const rightsOf = (plan: Pick<Plan, 'roles'>, role: string): readonly Right[] =>
  own(plan.roles, role)?.rights ?? own(builtInRights, role) ?? [];

export const needsAlso = (plan: Pick<Plan, 'roles'>, role: string): string | undefined =>
  own(plan.roles, role)?.needs_also ?? own(builtInNeeds, role);

/** The roles that are needed beside another. The technical lead stays one, whomever the plan asks beside the project manager. */
export const counselsOf = ({ roles }: Pick<Plan, 'roles'>): readonly string[] => [
  ...Object.values(builtInNeeds),
  ...Object.values(roles).flatMap(({ needs_also: other }) => (other === undefined ? [] : [other])),
];

/** The principals of the plan who may do it, for the sentence that says whom to ask. */
export const whoMay = (plan: Plan, right: Right): readonly string[] =>
  plan.principals.filter(({ role }) => rightsOf(plan, role).includes(right)).map(({ id }) => id);
