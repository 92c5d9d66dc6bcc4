import { principalId, type PrincipalId } from '../kernel/ids.ts';
import { authorities, type Right, rightToApprove } from '../plan/authority.ts';
import type { Plan } from '../plan/plan.ts';
import { counselsOf, needsAlso, rightsOf } from './roles.ts';

/** What it takes to authorise a procedure. */
export interface Needs {
  readonly right: Right;
  /** The number of different people who must approve. */
  readonly people: number;
}

/** The facts of an approval that count. */
export interface Given {
  readonly by: string;
  readonly role: string;
}

/** One person can approve a scripted rollback. A restore loses data, so it takes two people, or as many as the plan says. */
export function needsOf(plan: Plan, environment: string, procedure: string): Needs {
  const people = procedure === 'restore' ? (plan.environments[environment]?.restore?.approvals ?? 2) : 1;
  return { right: rightToApprove(procedure), people };
}

/** A role that must accompany another role advises; on its own it cannot decide. */
const isCounsel = (plan: Plan, role: string): boolean => !authorities.includes(role) && counselsOf(plan).includes(role);

/** The principal is still in the plan, in that role, and the role still has the right. */
const mayStill = (plan: Plan, right: Right, { by, role }: Given): boolean =>
  plan.principals.some((one) => one.id === by && one.role === role) && rightsOf(plan, role).includes(right);

/**
 * Enough different people, each with the right, and at least one of them who decides. A role that needs another role counts
 * only together with a different person in that role. An adviser counts towards the number but does not decide.
 */
export function isEnough(plan: Plan, { right, people }: Needs, given: readonly Given[]): boolean {
  const may = given.filter((one) => mayStill(plan, right, one));
  const counted = may.filter((one) => {
    const other = needsAlso(plan, one.role);
    return other === undefined || may.some(({ by, role }) => by !== one.by && role === other);
  });
  const decides = counted.some(({ role }) => needsAlso(plan, role) !== undefined || !isCounsel(plan, role));
  return decides && new Set(counted.map(({ by }) => by)).size >= people;
}

interface Person {
  readonly id: string;
  readonly role: string;
}

/** Whether this person's decision is enough when one person is enough. */
export const decidesAlone = (plan: Plan, right: Right, { id, role }: Person): boolean =>
  isEnough(plan, { right, people: 1 }, [{ by: id, role }]);

export const sayNotAlone = ({ id, role }: Person): string =>
  `${id} is ${role}, who decides only together with another person`;

export interface Missing {
  readonly approvals: number;
  /** Who can give the next approval. */
  readonly from: readonly PrincipalId[];
}

/** More than any plan can require: the people it asks for, and an adviser for one of them. */
const most = 6;

/** The fewest further approvals that are enough; undefined if the plan does not have enough people. */
function fewest(plan: Plan, needs: Needs, given: readonly Given[], others: readonly Given[]): number | undefined {
  /** People of one role are interchangeable, so trying the first remaining person of each role is enough. */
  const canWith = (count: number, so: readonly Given[], left: readonly Given[]): boolean => {
    if (isEnough(plan, needs, so)) return true;
    if (count === 0) return false;
    return left.some(
      (one, place) =>
        left.findIndex(({ role }) => role === one.role) === place &&
        canWith(
          count - 1,
          [...so, one],
          left.slice(place).filter((other) => other !== one),
        ),
    );
  };
  return Array.from({ length: most + 1 }, (_, count) => count).find((count) => canWith(count, given, others));
}

/** How many approvals are missing, and who can give them. */
export function missingApprovals(plan: Plan, needs: Needs, given: readonly Given[]): Missing {
  const others = plan.principals
    .filter(({ id, role }) => rightsOf(plan, role).includes(needs.right) && given.every(({ by }) => by !== id))
    .map(({ id, role }): Given => ({ by: id, role }));
  const approvals = fewest(plan, needs, given, others);
  if (approvals === undefined) return { approvals: needs.people, from: [] };
  const helps = (role: string): boolean => {
    const one = others.find((other) => other.role === role);
    if (one === undefined || approvals === 0) return false;
    const rest = others.filter((other) => other !== one);
    return fewest(plan, needs, [...given, one], rest) === approvals - 1;
  };
  const roles = [...new Set(others.map(({ role }) => role))].filter(helps);
  return { approvals, from: others.filter(({ role }) => roles.includes(role)).map(({ by }) => principalId(by)) };
}
