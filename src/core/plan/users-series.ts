import { type Millis, millis, seconds } from '../kernel/units.ts';
import type { Objection } from './fault.ts';
import type { Plan } from './plan.ts';
import type { ProbePlan } from './questions.ts';
import { isMapping, valueAt } from './tree.ts';

/** What users feel is known at least this often. */
const mostSilence = seconds(5);
/** At most five new connections a second, whatever the number of probes: opening one costs the server a process. */
export const visitsApart = millis(200);

/** Environments in which nothing could ask the probes that write: only the application's login may. */
export function unaskedTransactions(expanded: unknown): readonly Objection[] {
  const [environments, probes] = [valueAt(expanded, ['environments']), valueAt(expanded, ['probes'])];
  if (!isMapping(environments) || !Array.isArray(probes)) return [];
  const without = Object.keys(environments).filter((name) => {
    const target = valueAt(environments, [name, 'target']);
    return isMapping(target) && target.users_url === undefined && target.users_url_file === undefined;
  });
  return probes.flatMap((probe, place): readonly Objection[] =>
    valueAt(probe, ['transaction']) === undefined || without.length === 0
      ? []
      : [
          {
            path: ['probes', place, 'transaction'],
            at: 'key',
            found: `no users_url in environment ${without.join(', ')}`,
            wanted: 'target.users_url, the application’s address: Ripcord’s own logins write nothing',
          },
        ],
  );
}

/** The name of the readings that a probe takes on the users' path. An id of the plan has no `@`. */
export const usersSeries = (probe: string): string => `${probe}@users`;

const isAskedTwice = ({ sql, control }: ProbePlan): boolean => sql !== undefined && !control;
const onUsersPath = (probe: ProbePlan): boolean => isAskedTwice(probe) || probe.transaction !== undefined;

/**
 * Gives every SQL probe a second series: the same statement on the path that users take, as the application's login. It has
 * its own baseline, evidence and verdict, because users may be slow or turned away where the guard is not: their policies,
 * grants and pooler are theirs. Controls have no second series. Without `users_url`, the plan is returned as it is.
 */
export function withUsersSeries(plan: Plan, environment: string | undefined): Plan {
  if (environment === undefined || plan.environments[environment]?.target.users_url === undefined) return plan;
  const least = millis(plan.probes.filter(onUsersPath).length * visitsApart);
  const pace = (every: Millis): Millis => millis(Math.max(least, every));
  return {
    ...plan,
    probes: plan.probes.flatMap((probe): ProbePlan[] => {
      if (probe.transaction !== undefined) return [{ ...probe, path: 'users', every: pace(probe.every) }];
      if (!isAskedTwice(probe)) return [probe];
      const every = pace(millis(Math.min(2 * probe.every, mostSilence)));
      return [probe, { ...probe, id: usersSeries(probe.id), path: 'users', every }];
    }),
  };
}
