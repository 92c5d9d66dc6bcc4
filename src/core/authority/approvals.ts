import { principalId, type PrincipalId } from '../kernel/ids.ts';
import { authorities, type Right, rightToApprove } from '../plan/authority.ts';
import type { Plan } from '../plan/plan.ts';
import { counselsOf, needsAlso, rightsOf } from './roles.ts';

/** What it takes to carry out a procedure. */
export interface Needs {
  readonly right: Right;
  /** How many different people must approve. */
  readonly people: number;
}

/** An approval, as far as it counts. */
export interface Given {
  readonly by: string;
  readonly role: string;
}

/** One person is enough for undoing what a script can undo; a restore loses data, so it takes two, or what the plan says. */
export function needsOf(plan: Plan, environment: string, procedure: string): Needs {
  const people = procedure === 'restore' ? (plan.environments[environment]?.restore?.approvals ?? 2) : 1;
  return { right: rightToApprove(procedure), people };
}

/** Any other role that is needed beside somebody is asked for its counsel; alone it does not decide. */
const isCounsel = (plan: Plan, role: string): boolean => !authorities.includes(role) && counselsOf(plan).includes(role);

/** The principal is still in the plan, in that role, and the role still has the right. */
const mayStill = (plan: Plan, right: Right, { by, role }: Given): boolean =>
  plan.principals.some((one) => one.id === by && one.role === role) && rightsOf(plan, role).includes(right);

/**
 * Enough different people, each with the right, and somebody among them who decides. Who needs another role beside theirs
 * counts only together with it, by somebody else; counsel counts, and does not decide.
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

/** Whether the word of this one is enough, where the word of one is. */
export const decidesAlone = (plan: Plan, right: Right, { id, role }: Person): boolean =>
  isEnough(plan, { right, people: 1 }, [{ by: id, role }]);

export const sayNotAlone = ({ id, role }: Person): string =>
  `${id} is ${role}, who decides only together with another person`;

export interface Missing {
  readonly approvals: number;
  /** Who can give the next of them. */
  readonly from: readonly PrincipalId[];
}

/** More than any plan can ask for: the people that it wants, and a counsel for one of them. */
const most = 6;

/** The fewest further approvals that make it enough; undefined where the plan has not the people for it. */
function fewest(plan: Plan, needs: Needs, given: readonly Given[], others: readonly Given[]): number | undefined {
  /** Those of one role are as good as each other: to try the first that is left of each is enough. */
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

/** How many approvals are still missing beside those given, and from whom. */
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
