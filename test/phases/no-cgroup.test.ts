import { hostname } from 'node:os';

import { expect, test, vi } from 'vitest';

import { after, millis, seconds } from '../../src/core/kernel/units.ts';
import { phaseId } from '../../src/core/kernel/ids.ts';
import { sayUnseen } from '../../src/core/response/proof-scope.ts';
import { freshPhase } from '../../src/core/run/phases.ts';
import type * as hierarchies from '../../src/phases/cgroup-hierarchy.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { StillRunning } from '../../src/phases/errors.ts';
import { identify } from '../../src/phases/process-identity.ts';
import { superviseWork } from '../../src/phases/wrapper.ts';
import { proofScope } from '../../src/phases/proof-scope.ts';
import { quieten } from '../../src/phases/stop-work.ts';
import { escapes } from './escapes.ts';
import { clock, run, sh, started } from './started.ts';
import { testTag } from './tag.ts';

const { none } = vi.hoisted(() => ({ none: 'only cgroup v1 is mounted' }));
vi.mock('../../src/phases/cgroup-hierarchy.ts', async (original) => ({
  ...(await original<typeof hierarchies>()),
  findHierarchy: () => ({ none }),
}));

const grace = millis(200);
const schema = phaseId('schema-standardization');
const unended = /would not have been ended: only cgroup v1 is mounted\./;

test('without a cgroup, a process that dropped its environment stays, and the proof names what it cannot see', async () => {
  await using tag = testTag();
  await using escaping = await escapes();
  const { leader, result } = await started({
    tag: tag.tag,
    command: sh('"$@" > /dev/null & echo ready; wait', ...escaping.command),
  });
  await escaping.out();
  expect(leader.containment).toEqual({ none });
  await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock });
  expect((await result).containment).toEqual({ none });
  expect((await escaping.alive()).length).toBeGreaterThan(0);

  const wrapper = await identify(process.pid);
  if (wrapper === undefined) throw new Error('this process is not in /proc');
  const supervisor = { wrapper, host: hostname(), tag: tag.tag };
  const phase = { ...freshPhase(schema), state: 'failed', attempt: 1, supervisor, child: leader } as const;
  const scope = await proofScope([phase], 'remediation');
  expect(scope.attempts).toEqual([{ phase: schema, attempt: 1, by: 'tags', because: none }]);
  expect(sayUnseen(scope)).toContain(
    `a process of ${schema} that left its group and has no tag (no cgroup: only cgroup v1 is mounted)`,
  );
});

test('a wrapper that is told to stop reports which processes it may have missed', async () => {
  await using tag = testTag();
  const said: string[] = [];
  const stop = { goOn: false, because: 'rollback r1 has begun' } as const;
  const code = await superviseWork({
    phase: schema,
    command: sh('sleep 60'),
    cwd: '/',
    env: { PATH: process.env.PATH },
    clock,
    grace,
    say: (line) => said.push(line),
    reporter: {
      start: () => Promise.resolve({ tag: tag.tag, lease: seconds(60) }),
      spawned: () => Promise.resolve(stop),
      beat: () => Promise.resolve(stop),
      finish: () => Promise.resolve(),
      fail: () => Promise.resolve(),
    },
  });
  expect(code).toBe(75);
  expect(said).toContainEqual(expect.stringMatching(unended));
});

/** A server without a session of the phases. */
const quiet = { query: () => Promise.resolve({ rows: [], ms: 0 }) } as unknown as Parameters<
  typeof quieten
>[1]['connection'];

/** Refuses signals, as for another user's process, until the wrapper ends it after this many signals. */
function onlyItsWrapperMayEnd(afterSignals: number) {
  const real = process.kill.bind(process);
  let signals = 0;
  const spy = vi.spyOn(process, 'kill').mockImplementation((pid, name) => {
    if ((signals += 1) <= afterSignals) throw Object.assign(new Error('not ours'), { code: 'EPERM' });
    return real(pid, name);
  });
  return { [Symbol.dispose]: () => spy.mockRestore() };
}

/** Time passes only during waits, twenty times as fast. The system gets a moment to end killed processes. */
const hurried = (): typeof clock => {
  let now = clock.now();
  return {
    ...clock,
    now: () => now,
    async wait(length) {
      await clock.wait(millis(5));
      now = after(now, millis(20 * length));
    },
  };
};

test.each([
  { when: 'its wrapper ends it late', afterSignals: 20, stays: false },
  { when: 'nobody ends it', afterSignals: Number.POSITIVE_INFINITY, stays: true },
])(
  'a process that the guard may not end and knows only by its group is not proved gone too early: $when',
  async ({ afterSignals, stays }) => {
    await using tag = testTag();
    const { leader, result } = await started({
      tag: tag.tag,
      command: sh('exec env -u RIPCORD_TAG sh -c "echo ready; exec sleep 60"'),
    });
    const rules = { kill_grace: millis(100), quiet_for: millis(1_500) };
    {
      using _refused = onlyItsWrapperMayEnd(afterSignals);
      const worker = { groups: [leader], tags: [tag.tag], role: undefined };
      const ended = quieten(worker, { database: 'demo', rules, connection: quiet, clock: hurried() });
      if (stays) await expect(ended).rejects.toThrow(StillRunning);
      else expect(await ended).toMatchObject({ endedSessions: 0 });
    }
    if (stays) await endProcesses({ groups: [leader], tags: [], grace, clock });
    expect(await result).toMatchObject({ exitCode: null });
  },
);

test('the result of a command that timed out without a cgroup says so', async () => {
  await using tag = testTag();
  expect(await run({ tag: tag.tag, command: sh('sleep 60'), timeout: millis(50) })).toMatchObject({
    timedOut: true,
    containment: { none },
  });
});
