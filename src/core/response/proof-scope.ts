import { count } from '../kernel/count.ts';
import type { PhaseId } from '../kernel/ids.ts';

/**
 * The means that can prove that nothing of an attempt is left, the strongest first. `cgroup`: the kernel's own list of its
 * processes; `tags`: its process group and processes with its tag; `sessions`: only its database sessions. The scope names
 * the strongest means that was available; the guard used the weaker ones as well.
 */
export const means = ['cgroup', 'tags', 'sessions'] as const;
export type Means = (typeof means)[number];

export interface AttemptScope {
  readonly phase: PhaseId;
  readonly attempt: number;
  readonly by: Means;
  /** Why no stronger means was available. */
  readonly because?: string;
}

/** What the guard checked when it proved that forward work had stopped. The proof covers this and nothing else. */
export interface ProofScope {
  readonly attempts: readonly AttemptScope[];
  /** Every session of the phases' role in the target's database, or only the sessions that carry an attempt's tag as their name. */
  readonly sessions: 'of-role' | 'by-name';
  /** The number of other users' processes whose environment, and hence tag, is unreadable. */
  readonly unreadable: number;
  /** Why `/proc` hides some processes of the machine, if it does. */
  readonly partial?: 'pid-namespace' | 'hidepid';
  /**
   * What goes on that may be the phases' or not, one phrase each, such as sessions of their role in other databases. Absent if
   * there is nothing, and in older journals, where it is unknown.
   */
  readonly beside?: readonly string[];
}

const nameOf = ({ phase, attempt }: AttemptScope): string => (attempt === 1 ? phase : `${phase} (attempt ${attempt})`);

const list = (attempts: readonly AttemptScope[]): string => attempts.map(nameOf).join(', ');

const reasons = (attempts: readonly AttemptScope[]): string =>
  [...new Set(attempts.flatMap(({ because }) => because ?? []))].join('; ');

const by = ({ attempts }: ProofScope, wanted: Means): readonly AttemptScope[] =>
  attempts.filter((one) => one.by === wanted);

const said: Readonly<Record<Means, string>> = {
  cgroup: 'by cgroup',
  tags: 'by process group and tag',
  sessions: 'by database session only',
};

/** Whether the strongest means was available everywhere, the kernel's and the server's own lists, and nothing else goes on. */
export const isComplete = ({ attempts, sessions, beside }: ProofScope): boolean =>
  sessions === 'of-role' && beside === undefined && attempts.every((one) => one.by === 'cgroup');

/** What was checked by which means, one phrase each. */
export function sayMeans(scope: ProofScope): readonly string[] {
  const sessions =
    scope.sessions === 'of-role' ? 'sessions of the phases’ role in this database' : 'sessions by their name';
  return [
    ...means.flatMap((one) => {
      const attempts = by(scope, one);
      return attempts.length === 0 ? [] : [`${list(attempts)} ${said[one]}`];
    }),
    sessions,
  ];
}

/** What could have gone unseen, one phrase each. There is always at least one if a command was started. */
export function sayUnseen(scope: ProofScope): readonly string[] {
  const [contained, tagged, remote] = means.map((one) => by(scope, one));
  return [
    ...(contained?.length
      ? ['a process that moved to another cgroup, or that another service started, and has no tag']
      : []),
    ...(tagged?.length
      ? [`a process of ${list(tagged)} that left its group and has no tag (no cgroup: ${reasons(tagged)})`]
      : []),
    ...(remote?.length ? [`every process of ${list(remote)} (${reasons(remote)})`] : []),
    ...(scope.sessions === 'by-name' ? ['a session of the phases under another application_name'] : []),
    ...(scope.unreadable > 0 ? [`the tags of ${count(scope.unreadable, 'process', 'processes')} of other users`] : []),
    ...(scope.beside ?? []).map((one) => `what goes on in ${one}`),
    ...(scope.partial === 'pid-namespace' ? ['processes outside the guard’s container (pid namespace)'] : []),
    ...(scope.partial === 'hidepid' ? ['processes of other users, which /proc hides (hidepid)'] : []),
  ];
}

/** Which sessions with a phase's name were not counted as the phase's, and why. */
export const sayNotCounted = (notCounted: readonly string[]): string =>
  `${notCounted.join(', ')}: started after every process of the phases had ended, by a role unrelated to theirs`;
