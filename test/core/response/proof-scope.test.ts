import { expect, test } from 'vitest';

import { phaseId } from '../../../src/core/kernel/ids.ts';
import {
  type AttemptScope,
  isComplete,
  type ProofScope,
  sayMeans,
  sayUnseen,
} from '../../../src/core/response/proof-scope.ts';

const one = (phase: string, by: AttemptScope['by'], because?: string, attempt = 1): AttemptScope => ({
  phase: phaseId(phase),
  attempt,
  by,
  ...(because !== undefined && { because }),
});
const scope = (attempts: readonly AttemptScope[], of: Partial<ProofScope> = {}): ProofScope => ({
  attempts,
  sessions: 'of-role',
  unreadable: 0,
  ...of,
});

test.each([
  {
    when: 'nothing was started',
    of: scope([]),
    complete: true,
    looked: ['sessions of the phases’ role in this database'],
    unseen: [],
  },
  {
    when: 'each had a cgroup',
    of: scope([one('a', 'cgroup'), one('b', 'cgroup')]),
    complete: true,
    looked: ['a, b by cgroup', 'sessions of the phases’ role in this database'],
    unseen: ['a process that moved to another cgroup, or that another service started, and has no tag'],
  },
  {
    when: 'the phases’ role works in another database',
    of: scope([one('a', 'cgroup')], { beside: ['1 session of remediation in database payroll'] }),
    complete: false,
    looked: ['a by cgroup', 'sessions of the phases’ role in this database'],
    unseen: [
      'a process that moved to another cgroup, or that another service started, and has no tag',
      'what goes on in 1 session of remediation in database payroll',
    ],
  },
  {
    when: 'one had none',
    of: scope([one('a', 'cgroup', undefined, 2), one('b', 'tags', 'only cgroup v1 is mounted')]),
    complete: false,
    looked: ['a (attempt 2) by cgroup', 'b by process group and tag', 'sessions of the phases’ role in this database'],
    unseen: [
      'a process that moved to another cgroup, or that another service started, and has no tag',
      'a process of b that left its group and has no tag (no cgroup: only cgroup v1 is mounted)',
    ],
  },
  {
    when: 'one ran elsewhere, and only names are known of sessions',
    of: scope([one('a', 'sessions', 'it ran on app-2')], { sessions: 'by-name' }),
    complete: false,
    looked: ['a by database session only', 'sessions by their name'],
    unseen: ['every process of a (it ran on app-2)', 'a session of the phases under another application_name'],
  },
  {
    when: 'the machine hides processes',
    of: scope([one('a', 'tags', 'why')], { unreadable: 3, partial: 'hidepid' }),
    complete: false,
    looked: ['a by process group and tag', 'sessions of the phases’ role in this database'],
    unseen: [
      'a process of a that left its group and has no tag (no cgroup: why)',
      'the tags of 3 processes of other users',
      'processes of other users, which /proc hides (hidepid)',
    ],
  },
  {
    when: 'the guard lives in a container',
    of: scope([one('a', 'cgroup')], { sessions: 'by-name', unreadable: 1, partial: 'pid-namespace' }),
    complete: false,
    looked: ['a by cgroup', 'sessions by their name'],
    unseen: [
      'a process that moved to another cgroup, or that another service started, and has no tag',
      'a session of the phases under another application_name',
      'the tags of 1 process of other users',
      'processes outside the guard’s container (pid namespace)',
    ],
  },
])('when $when, it is said what was looked for and what would not be seen', ({ of, complete, looked, unseen }) => {
  expect([isComplete(of), sayMeans(of), sayUnseen(of)]).toEqual([complete, looked, unseen]);
});
