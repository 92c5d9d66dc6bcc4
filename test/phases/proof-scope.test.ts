import { hostname } from 'node:os';

import { expect, test } from 'vitest';

import { millis } from '../../src/core/kernel/units.ts';
import type { Child } from '../../src/core/response/events.ts';
import { freshPhase, type PhaseState } from '../../src/core/run/phases.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { proofScope } from '../../src/phases/proof-scope.ts';
import { currentBoot } from '../../src/system/procfs.ts';
import { schema } from '../support/builders.ts';
import { noCgroup } from './escapes.ts';
import { clock, sh, started } from './started.ts';
import { testTag } from './tag.ts';

const bootId = currentBoot();
const process_ = { pid: 4_711, startTicks: '99', bootId };
const on = (host: string, child?: Child, wrapper = process_): PhaseState => ({
  ...freshPhase(schema),
  state: 'failed',
  attempt: 1,
  supervisor: { wrapper, host, tag: 'test-scope' },
  ...(child !== undefined && { child }),
});
const here = hostname();

test.each<{ readonly what: string; readonly phase: PhaseState; readonly by: string; readonly because: unknown }>([
  { what: 'on another host', phase: on('app-2'), by: 'sessions', because: 'it ran on app-2' },
  {
    what: 'before the machine was started',
    phase: on(here, undefined, { ...process_, bootId: 'an-older-one' }),
    by: 'sessions',
    because: 'it ran before this machine was restarted, or on another machine of the same name',
  },
  {
    what: 'whose process was not reported',
    phase: on(here),
    by: 'tags',
    because: 'its wrapper did not report its process',
  },
  {
    what: 'reported by an older wrapper',
    phase: on(here, process_),
    by: 'tags',
    because: 'whether it has a cgroup of its own was not recorded',
  },
  {
    what: 'without a cgroup',
    phase: on(here, { ...process_, containment: { none: 'only cgroup v1 is mounted' } }),
    by: 'tags',
    because: 'only cgroup v1 is mounted',
  },
  {
    what: 'in a cgroup below another root, as in a container',
    phase: on(here, { ...process_, containment: { cgroup: { path: '/ripcord.x', id: '7', root: '999999' } } }),
    by: 'tags',
    because: 'its cgroup /ripcord.x cannot be seen from here',
  },
])('an attempt $what is searched for only by its $by', async ({ phase, by, because }) => {
  const { attempts } = await proofScope([phase], undefined);
  expect(attempts).toEqual([{ phase: schema, attempt: 1, by, because }]);
});

test('an attempt that was not recorded is searched for by its tag only', async () => {
  const { attempts } = await proofScope([{ ...on(here, process_), attempt: 2 }], undefined);
  expect(attempts.map(({ attempt, by }) => [attempt, by])).toEqual([
    [1, 'sessions'],
    [2, 'tags'],
  ]);
});

test('a cgroup proves that its attempt has ended only when it is empty', async ({ skip }) => {
  skip(noCgroup !== undefined, noCgroup);
  await using tag = testTag();
  const { leader, result } = await started({ tag: tag.tag, command: sh('echo ready; exec sleep 60') });
  const looked = async () => (await proofScope([on(here, leader)], 'remediation')).attempts;
  expect(await looked()).toMatchObject([{ by: 'tags' }]);
  await endProcesses({ groups: [leader], tags: [tag.tag], grace: millis(100), clock });
  await result;
  expect(await looked()).toEqual([{ phase: schema, attempt: 1, by: 'cgroup' }]);
});

test.each([
  { role: 'remediation', sessions: 'of-role' },
  { role: undefined, sessions: 'by-name' },
])('with the role $role, sessions are searched for $sessions', async ({ role, sessions }) => {
  expect(await proofScope([], role)).toMatchObject({ attempts: [], sessions });
});
