import { count } from '../kernel/count.ts';
import type { PhaseId } from '../kernel/ids.ts';

/**
 * What can show that nothing of an attempt is left, the strongest first. `cgroup`: the kernel's own list of its processes;
 * `tags`: its process group and what bears its tag; `sessions`: only what it does in the database. The strongest that was
 * possible is named; the weaker ones were looked at beside it.
 */
export const means = ['cgroup', 'tags', 'sessions'] as const;
export type Means = (typeof means)[number];

export interface AttemptScope {
  readonly phase: PhaseId;
  readonly attempt: number;
  readonly by: Means;
  /** Why by nothing stronger. */
  readonly because?: string;
}

/** What was looked at when forward work was proved stopped: the proof holds for this, and for nothing else. */
export interface ProofScope {
  readonly attempts: readonly AttemptScope[];
  /** Every session of the phases' role, or only those that bear the tag of an attempt as their name. */
  readonly sessions: 'of-role' | 'by-name';
  /** So many processes are other users' and do not show their environment, hence no tag. */
  readonly unreadable: number;
  /** Why `/proc` does not show every process of the machine, where it does not. */
  readonly partial?: 'pid-namespace' | 'hidepid';
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

/** Whether the strongest means were there for everything: the kernel's and the server's own lists. */
export const isComplete = ({ attempts, sessions }: ProofScope): boolean =>
  sessions === 'of-role' && attempts.every((one) => one.by === 'cgroup');

/** What was looked for by which means, one phrase each. */
export function sayMeans(scope: ProofScope): readonly string[] {
  const sessions = scope.sessions === 'of-role' ? 'sessions of the phases’ role' : 'sessions by their name';
  return [
    ...means.flatMap((one) => {
      const attempts = by(scope, one);
      return attempts.length === 0 ? [] : [`${list(attempts)} ${said[one]}`];
    }),
    sessions,
  ];
}

/** What would not have been seen, one phrase each. No proof is without such a phrase where a command was started. */
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
    ...(scope.partial === 'pid-namespace' ? ['processes outside the guard’s container (pid namespace)'] : []),
    ...(scope.partial === 'hidepid' ? ['processes of other users, which /proc hides (hidepid)'] : []),
  ];
}

/** Which sessions under a phase's name were not taken for the phase's, and why. */
export const sayNotCounted = (notCounted: readonly string[]): string =>
  `${notCounted.join(', ')}: started after every process of the phases had ended, by a role unrelated to theirs`;
