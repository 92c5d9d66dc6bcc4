import { expect, test } from 'vitest';

import { millis, seconds } from '../../src/core/kernel/units.ts';
import { endProcesses } from '../../src/phases/end-processes.ts';
import { TagUnfit } from '../../src/phases/errors.ts';
import { identify, isRunning } from '../../src/phases/process-identity.ts';
import { assertTag, taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { clock, sh, started } from './started.ts';
import { testTag } from './tag.ts';

const grace = seconds(10);

test('a shell ends with its children and grandchildren', async () => {
  await using tag = testTag();
  const command = sh('sh -c "sleep 60 & sleep 60 & wait" & echo ready; wait');
  const { leader, result } = await started({ tag: tag.tag, command });
  await expect.poll(async () => (await taggedProcesses(tag.tag)).length).toBe(4);
  expect(await endProcesses({ groups: [leader], tags: [], grace, clock })).toEqual({ ended: 4 });
  expect(await result).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
});

test('a process that left the group with setsid is found by its tag', async () => {
  await using tag = testTag();
  const command = sh('setsid sleep 60 & echo $!; echo ready; wait');
  const { leader, result, said } = await started({ tag: tag.tag, command });
  const escaped = await identify(Number(said.split('\n')[0]));
  if (escaped === undefined) throw new Error('the process does not exist');
  expect(await taggedProcesses(tag.tag)).toContainEqual(escaped);
  await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock });
  expect(await isRunning(escaped)).toBe(false);
  await result;
});

test('the processes of another tag are left alone', async () => {
  await using tag = testTag();
  await using other = testTag();
  const mine = await started({ tag: tag.tag, command: sh('echo ready; exec sleep 60') });
  const theirs = await started({ tag: other.tag, command: sh('echo ready; exec sleep 60') });
  expect(await endProcesses({ groups: [], tags: [tag.tag], grace, clock })).toEqual({ ended: 1 });
  expect(await isRunning(theirs.leader)).toBe(true);
  await endProcesses({ groups: [theirs.leader], tags: [], grace, clock });
  await Promise.all([mine.result, theirs.result]);
});

test.each([
  { who: 'ignores SIGTERM', script: 'trap "" TERM; echo ready; sleep 60', signal: 'SIGKILL', grace: millis(60) },
  { who: 'was stopped', script: 'echo ready; sleep 60', before: 'SIGSTOP', signal: 'SIGTERM', grace },
  { who: 'is given no grace', script: 'trap "exit 0" TERM; echo ready; sleep 60', signal: 'SIGKILL', grace: millis(0) },
])('a process that $who is ended with $signal', async ({ script, before, signal, grace }) => {
  await using tag = testTag();
  const { leader, result } = await started({ tag: tag.tag, command: sh(script) });
  if (before !== undefined) process.kill(-leader.pid, before);
  await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock });
  expect(await result).toMatchObject({ signal });
});

test('a process that cleans up on SIGTERM gets the grace period, and so do its cleanup processes', async () => {
  await using tag = testTag();
  const command = sh('trap "sleep 0.1; echo tidied; exit 7" TERM; echo ready; while :; do sleep 0.01; done');
  const { leader, result } = await started({ tag: tag.tag, command });
  await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock });
  expect(await result).toMatchObject({ exitCode: 7, output: expect.stringContaining('tidied\n') });
});

test('a group is ours while a member has our tag, even if its leader is gone', async () => {
  await using tag = testTag();
  const { leader, result } = await started({
    tag: tag.tag,
    command: sh('env -u RIPCORD_TAG sleep 60 & sleep 60 & echo ready'),
  });
  await result;
  expect(await isRunning(leader)).toBe(false);
  expect(await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock })).toEqual({ ended: 2 });
});

test('a member without a tag that outlives its leader is still ended', async () => {
  await using tag = testTag();
  const inner = 'trap "" TERM; echo $$; echo ready; while :; do sleep 0.01; done';
  const command = sh('env -u RIPCORD_TAG sh -c "$1" & wait', inner);
  const { leader, result, said } = await started({ tag: tag.tag, command });
  const member = await identify(Number(said.split('\n')[0]));
  await endProcesses({ groups: [leader], tags: [tag.tag], grace: seconds(1), clock });
  expect(member && (await isRunning(member))).toBe(false);
  expect(await result).toMatchObject({ signal: 'SIGTERM' });
});

test.each([
  { when: 'was started at another time', alter: { startTicks: '1' } },
  { when: 'was started before a reboot', alter: { bootId: '00000000-0000-0000-0000-000000000000' } },
])('a group whose leader $when belongs to a stranger and is left alone', async ({ alter }) => {
  await using tag = testTag();
  const { leader, result } = await started({ tag: tag.tag, command: sh('echo ready; exec sleep 60') });
  const recycled = { ...leader, ...alter };
  expect(await endProcesses({ groups: [recycled], tags: ['another-tag'], grace, clock })).toEqual({ ended: 0 });
  expect(await isRunning(leader)).toBe(true);
  await endProcesses({ groups: [leader], tags: [], grace, clock });
  await result;
});

test('a spared pid is left alone, and its group is not signalled as a whole', async () => {
  await using tag = testTag();
  const command = sh('sleep 60 & echo $!; echo ready; wait');
  const { leader, result, said } = await started({ tag: tag.tag, command });
  const spared = await identify(Number(said.split('\n')[0]));
  if (spared === undefined) throw new Error('the process does not exist');
  const ended = await endProcesses({ groups: [leader], tags: [tag.tag], grace, clock, spare: [spared.pid] });
  expect(ended).toEqual({ ended: 1 });
  expect(await isRunning(spared)).toBe(true);
  await result;
  await endProcesses({ groups: [], tags: [tag.tag], grace, clock });
});

test('having nothing to end is a success', async () => {
  expect(await endProcesses({ groups: [], tags: ['nobody-bears-this'], grace, clock })).toEqual({ ended: 0 });
});

test.each(['', 'with space', 'ümlaut', 'x'.repeat(64), 'new\nline'])('the tag %j is refused', (tag) => {
  expect(() => assertTag(tag)).toThrow(TagUnfit);
});
test.each(['ripcord:run-1/schema-standardization#2', 'x'.repeat(63)])('the tag %j is accepted', (tag) => {
  expect(() => assertTag(tag)).not.toThrow();
});
